"""Odd command lines, each of which must end in one line and status 1 or 2.

They are made of three parts: for each option what is never one of its values, options that do not
go together, and files and folders that are not what a verb takes. The generator is seeded, the list
is the same in each run.
"""

import random

#: what no option that takes a number understands
NO_NUMBER = ("", "one", "1;2", "0x1g", "½", "1..2", "--", "[1]", "1 2 3", "$HOME", "1e", "π")

#: what no length, conductivity or tolerance is, though it is a number
NO_AMOUNT = ("nan", "inf", "-inf", "-1", "0", "1e400", "-0.0")

#: what no count is
NO_COUNT = (*NO_NUMBER, "0", "-1", "1.5", "nan", "inf", "1e3")

NO_WORD = ("", "grey", "wörld", "zz", "0", "a b", "'z'", "all,all", "None", ";")

#: verb -> a line of it that works but for what is added, and the options with values that are none
VALUES = {
    "import {}/g.npy new.zarr": {
        "--voxel-size": (*NO_NUMBER, *NO_AMOUNT, "1,2", "1,2,3,4", "1,1,nan", "1e300", "1e-300"),
        "--kind": NO_WORD,
        "--axes": ("", "zy", "zyxx", "zzz", "abc", "z,y", "1", "zyxct"),
        "--channel": (*NO_NUMBER, "-1", "1.5", "7"),
        "--time": (*NO_NUMBER, "-1", "1.5", "7"),
        "--shape": (*NO_NUMBER, "1,2", "-1,2,3", "9,9,9"),
        "--dtype": ("", "uint", "complex", "int7", "<", "object", "str"),
        "--header": (*NO_NUMBER, "-1", "1.5", "7"),
        "--dataset": ("", "nothing", "/a/b"),
        "--series": ("", "scan.tif", "#_#.tif", "nothing_#.tif"),
        "--missing-as": (*NO_NUMBER, "0", "1"),
        "--mask": ("", "nothing.tif", "{}", "/dev/null"),
        "--chunk": NO_COUNT,
    },
    "import {}/l.npy new.zarr --voxel-size 1 --kind phase": {
        "--phases": (
            "", "0", "pore", "0=", "=pore", ",", "0=pore,0=electrolyte", "0=pore,1=pore",
            "300=pore", "-1=pore", "0=pore,1=electrolyte=2", "0:pore", "zero=pore", "1.5=pore",
            "0=pore,255=air",
        ),
    },
    "segment {}/g.zarr": {
        "--method": NO_WORD,
        "--threshold": (*NO_NUMBER, "nan", "inf", "0", "1,2,3"),
        "--classes": (*NO_COUNT, "1", "300"),
        "--phases": ("", "0", "pore", "0=pore,0=e", "300=pore,1=e", "0=pore,1=pore", "-1=pore,1=e"),
        "--pore": NO_WORD,
        "--denoise": NO_WORD,
        "--roi": ("", "z", "1,2", "1,2,3,4,5", "nan,1,1"),
    },
    "measure {}/v.zarr": {
        "--also": NO_WORD,
        "--only": NO_WORD,
        "--phase": ("", "binder", "0", "Pore", "pore,electrolyte"),
        "--direction": ("", "w", "zz9", "1", "z;y", "North"),
        "--blocks": (*NO_COUNT, "1,2", "1,1,1,1", "999", "0,1,1", "60,50,40"),
        "--pore-method": NO_WORD,
        "--also=pores --bin-width": (*NO_NUMBER, *NO_AMOUNT),
        "--also=representative --edges": (*NO_NUMBER, *NO_AMOUNT, "1e9", "1,,2", "5,inf"),
        "--table": ("", "t.txt", "nowhere/t.csv", "t", ".csv/t"),
        "--out": ("", "{}/v.zarr", "{}/g.npy", "{}/v.zarr/phase", "/dev/null", "/proc/r"),
        "--scheduler": ("", "tcp://", "tcp://127.0.0.1:1", "nothing", "http://127.0.0.1:1", "7"),
    },
    "solve tortuosity {}/v.zarr": {
        "--direction": ("", "w", "1", "z;y"),
        "--conductivity": (
            "", "electrolyte", "electrolyte=", "electrolyte=-1", "electrolyte=nan",
            "electrolyte=inf", "binder=1", "=1", "electrolyte=1,electrolyte=2",
            "electrolyte=0", "electrolyte=1=2", "1",
        ),
        "--sides": NO_WORD,
        "--geometry": NO_WORD,
        "--rtol": (*NO_NUMBER, *NO_AMOUNT, "1", "2", "1e-300"),
        "--digits": (*NO_COUNT, "13", "99"),
        "--blocks": (*NO_COUNT, "1,2", "999", "60,50,40"),
        "--edges": (*NO_NUMBER, *NO_AMOUNT, "1e9", "5,inf"),
        "--out": ("", "{}/v.zarr", "{}/g.npy", "/dev/null"),
        "--solver": NO_WORD,
        "--threads": (*NO_COUNT, "999999"),
        "--scheduler": ("tcp://", "nothing"),
    },
    "solve current {}/v.zarr": {
        "--direction": ("", "w", "1"),
        "--face": NO_WORD,
        "--applied": (*NO_NUMBER, "nan", "inf", "1e300", "-1e300", "1e400"),
        "--conductivity": (
            "", "nan", "-1", "0", "inf", "1e300", "electrolyte", "binder=1", "electrolyte=-1",
        ),
        "--contact": (*NO_NUMBER, "nan", "-1", "2", "nothing.tif"),
        "--contact-model": NO_WORD,
        "--contact-size": (*NO_NUMBER, *NO_AMOUNT),
        "--drive": NO_WORD,
        "--wagner-lengths": (*NO_NUMBER, "nan", "inf", "-1", "1,,2"),
        "--resolution": NO_WORD,
        "--rtol": (*NO_NUMBER, *NO_AMOUNT, "1", "2"),
        "--threads": (*NO_COUNT, "999999"),
        "--kinetics": NO_WORD,
        "--charge-transfer-resistance": (*NO_NUMBER, "nan", "-1"),
        "--exchange-current-density": (*NO_NUMBER, *NO_AMOUNT),
        "--temperature": (*NO_NUMBER, *NO_AMOUNT),
    },
    "report {}/r.zarr": {
        "--out": ("", "{}/g.npy", "{}", "{}/r.zarr/zarr.json", "/dev/null", "nowhere/r.html"),
    },
    "verify {}/v.zarr": {"--repair-from": ("nothing.tif",)},
}  # fmt: skip

#: options that do not go together, or are none
TOGETHER = (
    "solve tortuosity {}/v.zarr --digits 3 --rtol 1e-4",
    "solve tortuosity {}/v.zarr --solver petsc --blocks 2,2,2",
    "solve tortuosity {}/v.zarr --checkpoint kept",
    "solve tortuosity {}/v.zarr --check",
    "solve tortuosity {}/v.zarr --minutes 7",
    "solve tortuosity {}/v.zarr -ksp_monitor",
    "solve tortuosity {}/v.zarr --field --direction all",
    "solve tortuosity {}/v.zarr --geometry partial",
    "solve tortuosity {}/v.zarr --scratch nowhere",
    "solve current {}/v.zarr --minutes 7",
    "solve current {}/v.zarr --check",
    "solve current {}/v.zarr --scratch .",
    "solve current {}/v.zarr --blocks 999,1,1 --resolution upscaled",
    "measure {}/v.zarr --out r.zarr --out r.zarr --only porosity,porosity,sizes",
    "measure {}/v.zarr --also pores --only profile --also nothing",
    "measure {}/v.zarr {}/v.zarr",
    "import {}/g.npy",
    "import {}/g.npy {}/g.npy --voxel-size 1",
    "import {}/g.zarr {}/g.zarr",
    "import {}/g.npy {}/g.zarr/inside --voxel-size 1",
    "import {}/g.npy new.zarr --kind gray --phases 0=pore",
    "import {}/g.npy new.zarr --voxel-size 1 --voxel-size 2,2",
    "report {}/v.zarr --out r.html",
    "export {}/r.zarr",
    "export {}/r.zarr nothing",
    "export {}/r.zarr numbers.xlsx",
    "export {}/r.zarr nowhere/numbers.csv",
    "export {}/r.zarr {}/r.zarr",
    "export {}/r.zarr {}/r.zarr/inside.csv",
    "export {}/v.zarr numbers.csv",
    "measure {}/v.zarr --edges 5",
    "measure {}/v.zarr --bin-width 2 --also surface",
    "solve tortuosity {}/v.zarr --scheduler tcp://127.0.0.1:1",
    "solve tortuosity {}/v.zarr --blocks 1,1,2 --scheduler tcp://127.0.0.1:1",
    "verify {}/v.zarr --quick --repair-from {}/l.npy --nothing",
)

#: words that are no verb, and lines of no sense
NONSENSE = (
    "nothing", "--nothing", "solve nothing", "measure", "import", "segment", "report",
    "verify", "-x", "--", "import --voxel-size", "measure --out", "MEASURE {}/v.zarr", "''",
    "solve tortuosity", "measure -", "verify ''", "import '' ''", "doctor --nothing", "demo 1 2 3",
)  # fmt: skip

#: what stands where a file or store is expected: made by the test
PLACES = (
    "nothing", "empty", "empty.tif", "text.tif", "text.npy", "text.h5", "text.zarr", "loop",
    "loop.tif",
    "dangling.zarr", "loops.zarr", "/dev/null", "/dev/zero", "/proc/self/mem", "g.npy/inside",
    "g.zarr/gray", "{long}", "new\nline.tif", "~nobody/x",
)  # fmt: skip


def lines(folder: str) -> list[list[str]]:
    """Return the odd command lines, as words, in an order that is mixed but always the same."""

    def words(text: str) -> list[str]:
        return [word.strip("'").replace("{}", folder) for word in text.split(" ")]

    found = [words(text) for text in (*TOGETHER, *NONSENSE)]
    for line, options in VALUES.items():
        needed = [] if "g.npy" not in line else ["--voxel-size", "1"]
        for option, values in options.items():
            start = words(line) + (needed if option != "--voxel-size" else [])
            *first, option = option.split()
            start = [*start, *first]
            found += [[*start, f"{option}={value.replace('{}', folder)}"] for value in values]
            found.append([*start, option])  # no value at all
    for place in PLACES:
        path = place.replace("{long}", "x" * 300)
        path = path if path[:1] in "/~" else f"{folder}/{path}"
        if place != "g.zarr/gray":  # an array of a store is a Zarr array, and can be imported
            found.append(["import", path, "new.zarr", "--voxel-size", "1"])
        found += [
            ["segment", path],
            ["measure", path],
            ["solve", "tortuosity", path],
            ["solve", "current", path],
            ["report", path, "--out", "r.html"],
            ["export", path, "numbers.csv"],
            ["verify", path],
        ]
    random.Random(12).shuffle(found)
    return found
