from .comparison import compare as compare
from .confirmation import confirm as confirm, confirmed as confirmed
from .loading import load_model as load_model
from .reproduce import tutorial as tutorial
from .tryout import attempt as attempt
