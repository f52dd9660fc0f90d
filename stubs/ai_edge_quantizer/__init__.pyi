from ai_edge_quantizer import algorithm_manager as algorithm_manager
from ai_edge_quantizer import qtyping as qtyping
from ai_edge_quantizer import quantizer as quantizer
