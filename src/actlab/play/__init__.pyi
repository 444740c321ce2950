from .embedding import embedded as embedded
from .packing import page as page
