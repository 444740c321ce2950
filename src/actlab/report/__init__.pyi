from .drawing import draw as draw
from .idea import Idea as Idea, draw_idea as draw_idea
from .judged import draw_judgement as draw_judgement
from .notebook import Line as Line, is_notebook as is_notebook, register as register
from .run import Run as Run, load_run as load_run, show as show
from .shapes import check_file as check_file, draw_card as draw_card
from .tutorial import draw_tutorial as draw_tutorial
