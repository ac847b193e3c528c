"""Texts that other rooms write in English into records, and people read in their own language.

A record holds them as they were written; `stored` translates them where it shows them. What stands
in braces is a value. Listed here so that ``tools/texts.py`` finds them, if they are not marked as
`Said` where they are written; a test sees to it that each is still written.
"""

from __future__ import annotations


def N_(text: str) -> str:  # noqa: N802 - the name by which gettext's tools know it
    """Mark a text that is translated where it is shown."""
    return text


STORED = (
    N_("fewer than two readings"),
    N_("no channel gave two readings"),
    N_("fewer than five earlier runs of its kind"),
    N_("runs of less than a second"),
    N_("no channel of the merged runs is known"),
    N_("not known"),
    N_("for how long the hardware was reserved is not known"),
    N_("not in the record"),
    N_("declared"),
    N_("sum of the roots of the channel forest"),
    N_("sum of count * power_w * utilisation * duration_s"),
    N_("reserved time"),
    N_("unreadable: {reason}"),
    N_("the counter stands still"),
    N_("the counter rose more than the channel can draw"),
    N_("the counter restarted lower"),
    N_("a model knows its idle power by itself"),
    N_("its readings have a gap"),
    N_("its counter does not move often enough: watch for longer with --duration"),
    N_("the run was recorded before brizna could tell whose energy it was"),
    N_("sum over the channels of share * energy"),
    N_("sum over the channels of share * (energy - idle power * time)"),
    N_("a column of times"),
    N_("a column of values"),
    N_("a column of zones"),
    N_("a column of issues"),
    N_("the system's processor times"),
    N_("this process ignores SIGCHLD: nobody is told what its children used"),
    N_("what a child process leaves behind when it ends is not handed to a measured block"),
    N_("{count} numbers for {channels} channels"),
    N_("{file} cannot be read"),
    N_("{file} went backwards"),
    N_("{file} stands still"),
    N_("the NVIDIA driver does not answer: {error}"),
    N_("its size cannot be found out"),
    N_("there is no place for this run's journal"),
    N_("its interpreter is not CPython"),
    N_("this system does not tell the processor time of each thread"),
    N_("it has no two readings"),
    N_("damaged journal: 1 line lost"),
    N_(
        "1 line of the journal is damaged or cut short and left out. Energy goes on being "
        "counted from the reading before, but a window, a mark of a gap or a note may be lost."
    ),
    N_("1 process of the command still runs; what it uses from now on is not measured."),
    N_("option"),
    N_("{value} ({low} to {high}) {rest}"),
    N_("{rest}, no year stated"),
    N_("{amount} per {thing}: {source}"),
    N_("Measuring"),
    N_("how much of the machine the run used was not recorded"),
    N_("what it used was not read"),
    N_("nobody can tell who used it"),
    N_("it counts one container, and who used what inside is not known"),
    N_("not every one of the merged runs knows whose its energy was"),
    N_("it read less than the meters inside it together, within what is doubted of them"),
    N_(
        "it read less than the meters inside it together, by more than is doubted of them: one of "
        "them is wrong, or sees what it does not"
    ),
    N_("on mains power a battery does not tell what the machine draws"),
    N_("it is a part of the processor, whose power its sensor shows"),
    N_("left out: it holds the card too, which is counted by itself"),
    N_("left out: {parent}, which contains it, cannot be read"),
    N_("it stands at 0, as where the hardware has no such counter"),
    N_("it does not answer in time"),
    N_("it refuses the name and password (401)"),
    N_("it forbids this to our user (403)"),
    N_("it has no such page (404)"),
    N_("it does not speak HTTP as we do"),
    N_("its certificate is not trusted: {reason}"),
    N_("it does not speak TLS as we do"),
    N_("its name cannot be resolved"),
    N_("its answer is cut off"),
    N_("the controller is busy (C0)"),
    N_("the controller knows no power reading: it has no DCMI (C1)"),
    N_("the controller does not allow it (D4)"),
    N_("it has not answered yet"),
    N_("it tells no power"),
    N_("it tells its energy no more"),
    N_("it says {power} W, which this machine cannot draw"),
    N_(
        "the driver names processes by their numbers outside this container, which are not known "
        "here"
    ),
    N_("the driver does not tell which processes use a card that is cut into MIG slices"),
    N_("Who used {card} is not known: {reason}."),
    N_(
        "The memory of some processes could only be read as a resident set, in which pages that "
        "several share count whole for each."
    ),
    N_("it ended, or its group was removed; its last count is kept"),
    N_("what a process leaves behind when it ends is not handed to us"),
    N_("not read for so long that the counter may have wrapped unseen"),
    N_("the line of the journal that describes this channel is damaged"),
    N_("The recorder stopped before the command was seen to end."),
    N_("The phases of the merged runs stay with them."),
    N_(
        "What others used, and what the whole machine used above idle, stays with the merged runs: "
        "each saw its own time of the machine."
    ),
    N_("no counter on this machine"),
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
    N_("a process could not join the command's control group"),
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
    N_("The system tells it to a program of its own, whose file is read where --meter names it."),
    N_("This processor has no energy counter for memory."),
    N_("Its size cannot be found out."),
    N_("No graphics processor was found."),
    N_("Its driver does not answer, or its library is not there."),
    N_("It has no energy counter."),
    N_("Place: at once at {site}, the job makes {share} % less carbon than at {here}."),
    N_("Place: no other place that was asked about makes less carbon at once than {here}."),
    N_("Hardware: on {site}, in the same place, it makes {share} % less carbon than on {here}."),
    N_("Hardware: no other machine there that was asked about makes less carbon than {here}."),
)
