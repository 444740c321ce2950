from .checking import checked as checked
from .pages import PAGES as PAGES, lay as lay, named as named
