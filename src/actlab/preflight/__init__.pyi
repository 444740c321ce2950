from .before import look_before as look_before
from .findings import Finding as Finding
from .installation import doctor as doctor
from .look import preflight as preflight
