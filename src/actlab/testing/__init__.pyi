from .assertion import assert_activation as assert_activation
