"""A T junction written by hand, small enough to check against a sketch.

    E ══ E_0 through, E_1 left ══╗        ╔══ W_0 through and right ══ W
                                 ╚═╦════╦═╝
                                   ║S_0 ║ left and right

Links of the signal: 0 E through, 1 E left, 2 W through, 3 W right, 4 S left, 5 S right.
"""

from __future__ import annotations

from pathlib import Path

NET = """<net version="1.9">
  <edge id=":J_0" function="internal"><lane id=":J_0_0" index="0" speed="13.9" length="20"/></edge>
  <edge id=":J_5" function="internal"><lane id=":J_5_0" index="0" speed="8" length="12"/></edge>
  <edge id=":K_0" function="internal"><lane id=":K_0_0" index="0" speed="13.9" length="4"/></edge>
  <edge id="far"><lane id="far_0" index="0" speed="13.9" length="100"/></edge>
  <edge id="W"><lane id="W_0" index="0" speed="13.9" length="50"/></edge>
  <edge id="E"><lane id="E_0" index="0" speed="13.9" length="150"/>
    <lane id="E_1" index="1" speed="13.9" length="150"/></edge>
  <edge id="S"><lane id="S_0" index="0" speed="8.3" length="90"/></edge>
  <edge id="Wx"><lane id="Wx_0" index="0" speed="13.9" length="60"/></edge>
  <edge id="Ex"><lane id="Ex_0" index="0" speed="13.9" length="60"/></edge>
  <edge id="Sx"><lane id="Sx_0" index="0" speed="8.3" length="60"/></edge>
  <tlLogic id="J" type="static" programID="0" offset="0">
    <phase duration="30" state="GgGGrr"/><phase duration="3" state="Ggyyrr"/>
    <phase duration="8" state="GGrrrr"/><phase duration="3" state="yyrrrr"/>
    <phase duration="20" state="rrrrGG"/><phase duration="3" state="rrrryy"/>
  </tlLogic>
  <junction id="J" type="traffic_light" incLanes="W_0 S_0 E_0 E_1" intLanes="">
    <request index="0" response="000000" foes="101100"/>
    <request index="1" response="000000" foes="100000"/>
    <request index="2" response="110001" foes="110001"/>
    <request index="3" response="000001" foes="000001"/>
    <request index="4" response="000000" foes="000100"/>
    <request index="5" response="000011" foes="000111"/>
  </junction>
  <connection from="far" to="W" fromLane="0" toLane="0" via=":K_0_0" dir="s" state="M"/>
  <connection from="W" to="Ex" fromLane="0" toLane="0" via=":J_0_0" tl="J" linkIndex="2" dir="s" state="O"/>
  <connection from="W" to="Sx" fromLane="0" toLane="0" tl="J" linkIndex="3" dir="r" state="O"/>
  <connection from="S" to="Wx" fromLane="0" toLane="0" tl="J" linkIndex="4" dir="l" state="o"/>
  <connection from="S" to="Ex" fromLane="0" toLane="0" tl="J" linkIndex="5" dir="r" state="o"/>
  <connection from="E" to="Wx" fromLane="0" toLane="0" tl="J" linkIndex="0" dir="s" state="O"/>
  <connection from="E" to="Sx" fromLane="1" toLane="0" via=":J_5_0" tl="J" linkIndex="1" dir="l" state="o"/>
  <connection from=":J_0" to="Ex" fromLane="0" toLane="0" dir="s" state="M"/>
  <connection from=":J_5" to="Sx" fromLane="0" toLane="0" dir="l" state="M"/>
  <connection from=":K_0" to="W" fromLane="0" toLane="0" dir="s" state="M"/>
</net>
"""


def write(folder: Path, text: str = NET) -> Path:
    """The net, or another text, as a file."""
    path = folder / "tee.net.xml"
    path.write_text(text, encoding="utf-8")
    return path
