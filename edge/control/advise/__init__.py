"""What better timing a junction's own counts suggest: for people to judge, never applied by itself.

counts ─→ flows ─→ lane groups, saturation ─→ cycle and splits ─→ delay of both plans ─→ Advice
"""
