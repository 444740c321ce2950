from . import machine as machine, plain as plain, products as products
from .costs import measure_costs as measure_costs, step_seconds as step_seconds
from .inside import PROBE as PROBE
from .inside_plain import InsidePlain as InsidePlain
from .machine import (
    DEVICES as DEVICES,
    choose_device as choose_device,
    cores as cores,
    cpu_name as cpu_name,
    device_name as device_name,
    environment as environment,
    memory_bytes as memory_bytes,
    one_thread as one_thread,
)
from .models import Slice as Slice, initial_parameters as initial_parameters
from .training import (
    EVALUATION_BATCH as EVALUATION_BATCH,
    MEASURED_STEPS as MEASURED_STEPS,
    Arrays as Arrays,
    OnEpoch as OnEpoch,
    Result as Result,
    Stack as Stack,
    Trainer as Trainer,
    train as train,
)
