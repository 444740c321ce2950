from .embedding import embedded as embedded
from .figures import script as script, trees as trees
from .packing import page as page
