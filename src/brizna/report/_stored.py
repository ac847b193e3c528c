"""Texts that other rooms write in English into records, and people read in their own language.

A record holds them as they were written; `Format.stored` translates them where it shows them.
Listed here so that ``tools/texts.py`` finds them; a test sees to it that each is still written.
"""

from __future__ import annotations


def N_(text: str) -> str:  # noqa: N802 - the name by which gettext's tools know it
    """Mark a text that is translated where it is shown."""
    return text


STORED = (
    N_("fewer than two readings"),
    N_("no channel gave two readings"),
    N_("no channel of the merged runs is known"),
    N_("not known"),
    N_("for how long the hardware was reserved is not known"),
    N_("not in the record"),
    N_("declared"),
    N_("sum of the roots of the channel forest"),
    N_("sum of count * power_w * utilisation * duration_s"),
    N_("reserved time"),
    N_("unreadable"),
    N_("not read for so long that the counter may have wrapped unseen"),
    N_("the line of the journal that describes this channel is damaged"),
    N_("The recorder stopped before the command was seen to end."),
    N_("The phases of the merged runs stay with them."),
    N_("A meter or the journal failed"),
    N_("no counter on this machine"),
    N_("brizna has no meter for AMD graphics processors"),
    N_("the driver counts the whole card's energy, not its slices'"),
    N_("which part of the machine it sees is not documented"),
    N_("no grid zone is known: name it with --zone, for example --zone ES"),
    N_("what the hardware is was not declared (embodied_kg)"),
    N_("how long the hardware serves was not declared (lifetime_y)"),
    N_("which part of the hardware was reserved was not declared"),
    N_("the water use of the place (WUE) is not known"),
    N_("the water use of the electricity (EWIF) is not known"),
    N_("no tariff was given (--tariff)"),
    N_("no functional unit was given (--unit)"),
    N_("processes left the command's control group"),
    N_("this system does not tell a process's descendants"),
    N_("a process ignored SIGCHLD: nobody was told what its children used"),
    N_("this system does not hand orphans to us: what they used is not known"),
    N_("this system shows no procfs: only what ended and was waited for is known"),
    N_("It has an energy counter."),
    N_("It tells its power, which is read now and then and integrated."),
    N_("It is inside the counter of the whole machine."),
    N_("Its energy counter may only be read by the superuser."),
    N_("Its energy counter cannot be read."),
    N_("A virtual machine does not see the counters of its host."),
    N_("Linux shows no energy counter: no driver is loaded, or there is none."),
    N_("Counters of processors are read on Linux only."),
    N_("This processor has no energy counter for memory."),
    N_("Its size cannot be found out."),
    N_("No graphics processor was found."),
    N_("There is no meter for the graphics processors of this maker."),
    N_("Its driver does not answer, or its library is not there."),
    N_("It has no energy counter."),
)
