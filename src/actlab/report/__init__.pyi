from .drawing import draw as draw
from .idea import Idea as Idea, draw_idea as draw_idea
from .judged import draw_judgement as draw_judgement
from .shapes import check_file as check_file, draw_card as draw_card
