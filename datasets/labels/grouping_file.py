"""Label sets by name or from a YAML file of the user's own.

A file groups the classes of another set::

    name: drivable
    source: carla29                 # a built-in set, or another such file beside this one
    classes:
      - {name: road, color: [128, 64, 128], from: [Roads, RoadLines]}
      - {name: other, color: [70, 70, 70], from: [Buildings, ...]}
    ignore: [NONE, Sky]

Every class of the source stands in exactly one ``from`` or in ``ignore``: what is forgotten is an error, not class 0.

Without ``source`` and ``from`` it describes a set that stands for itself, such as that of somebody's masks; ``ignore``
then lists those of its own classes that mean "unlabelled". Errors name file and line.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NoReturn

import yaml

from datasets.errors import LabelError
from datasets.labels.groupings import LABEL_SETS
from datasets.labels.label_set import Grouping, LabelClass, LabelSet, suggestion

_MAX_BYTES = 1 << 20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_SUFFIXES = (".yaml", ".yml")


def label_set(name_or_path: str | Path) -> LabelSet:
    """The built-in label set of a name, such as carla29, or the one in a YAML file; LabelError when there is none."""
    name = str(name_or_path)
    if name in LABEL_SETS:
        return LABEL_SETS[name]
    if name.endswith(_SUFFIXES) or isinstance(name_or_path, Path):
        return load_grouping(Path(name))
    raise LabelError(f"unknown label set {name!r}.{suggestion(name, LABEL_SETS)} A set of your own is a .yaml file.")


def load_grouping(path: Path) -> LabelSet:
    """The label set that the YAML file at `path` describes; LabelError that names the line of what is wrong."""
    return _load(path, seen=())


def _load(path: Path, seen: tuple[Path, ...]) -> LabelSet:
    if path.resolve() in seen:
        raise LabelError(f"{path} is its own source; expected a file that names another set")
    document = _Reader(path)
    keys = document.mapping(document.root, required=("name", "classes"), optional=("source", "ignore"))
    name = document.text(keys["name"])
    if not _NAME.fullmatch(name) or name in LABEL_SETS:
        document.refuse(
            keys["name"], f"name is {name!r}, expected letters, digits and _ . -, and no built-in set's name"
        )
    rows = document.items(keys["classes"])
    fields = ("name", "color", "from") if "source" in keys else ("name", "color")
    classes = [document.mapping(row, required=fields) for row in rows]
    labels = tuple(LabelClass(name=document.text(row["name"]), color=document.color(row["color"])) for row in classes)
    for number, label in enumerate(labels):
        if label.name in [earlier.name for earlier in labels[:number]]:
            document.refuse(classes[number]["name"], f"class {label.name!r} is described twice")
    if not 1 <= len(labels) <= 255:
        document.refuse(keys["classes"], f"found {len(labels)} classes, expected 1 to 255")
    ignore = document.items(keys["ignore"]) if "ignore" in keys else []
    if "source" not in keys:
        own = LabelSet(name=name, classes=labels)
        ignored = frozenset(document.class_id(node, own) for node in ignore)
        return LabelSet(name=name, classes=labels, ignored=ignored)
    source = _source(document, keys["source"], (*seen, path.resolve()))
    groups = [document.items(row["from"]) for row in classes]
    return LabelSet(name=name, classes=labels, grouping=_grouping(document, source, groups, ignore, keys["classes"]))


def _source(document: _Reader, node: yaml.Node, seen: tuple[Path, ...]) -> LabelSet:
    name = document.text(node)
    if name.endswith(_SUFFIXES):
        return _load(document.path.parent / name, seen)
    if name not in LABEL_SETS:
        document.refuse(node, f"unknown label set {name!r}.{suggestion(name, LABEL_SETS)}")
    return LABEL_SETS[name]


def _grouping(
    document: _Reader, source: LabelSet, groups: list[list[yaml.Node]], ignore: list[yaml.Node], place: yaml.Node
) -> Grouping:
    """Which class each id of `source` belongs to: `groups` by class id, then `ignore`."""
    ignore_id = 255
    found: dict[int, int] = {}
    for class_id, nodes in [*enumerate(groups), (ignore_id, ignore)]:
        for node in nodes:
            number = document.class_id(node, source)
            if number in found:
                document.refuse(
                    node, f"{source.names[number]!r} is given twice; expected each class of the source once"
                )
            found[number] = class_id
    missing = [name for number, name in enumerate(source.names) if number not in found]
    if missing:
        document.refuse(place, f"{source.name} has {', '.join(missing)}, too: put each into a class or into ignore")
    return Grouping(source=source, class_ids=tuple(found[number] for number in range(source.num_classes)))


class _Reader:
    """A YAML file as nodes, which know their line; plain scalars only, no tags that make objects."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            if path.stat().st_size > _MAX_BYTES:
                raise LabelError(f"{path} is larger than {_MAX_BYTES >> 20} MiB, which no label set is")
            root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
        except OSError as error:
            raise LabelError(f"label set file {path} cannot be read: {error.strerror}") from error
        except (UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
            raise LabelError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
        if root is None:
            raise LabelError(f"{path} is empty; expected a label set")
        self.root = root

    def refuse(self, node: yaml.Node, reason: str) -> NoReturn:
        raise LabelError(f"{self.path}:{node.start_mark.line + 1}: {reason}")

    def mapping(
        self, node: yaml.Node, *, required: tuple[str, ...], optional: tuple[str, ...] = ()
    ) -> dict[str, yaml.Node]:
        known = (*required, *optional)
        if not isinstance(node, yaml.MappingNode):
            self.refuse(node, f"expected a mapping with the keys {', '.join(known)}")
        content: dict[str, yaml.Node] = {}
        for key_node, value in node.value:
            key = self.text(key_node)
            if key not in known:
                self.refuse(key_node, f"unknown key {key!r}.{suggestion(key, known)}")
            if key in content:
                self.refuse(key_node, f"{key!r} is given twice")
            content[key] = value
        missing = [key for key in required if key not in content]
        if missing:
            self.refuse(node, f"{', '.join(missing)} is missing")
        return content

    def items(self, node: yaml.Node) -> list[yaml.Node]:
        if not isinstance(node, yaml.SequenceNode):
            self.refuse(node, "expected a list")
        return list(node.value)

    def text(self, node: yaml.Node) -> str:
        """A scalar as it is written: a class may be called None, or 1."""
        if not isinstance(node, yaml.ScalarNode) or not node.value:
            self.refuse(node, "expected a name")
        return str(node.value)

    def color(self, node: yaml.Node) -> tuple[int, int, int]:
        levels = [self.text(item) for item in self.items(node)]
        if len(levels) != 3 or not all(level.isascii() and level.isdigit() and int(level) <= 255 for level in levels):
            self.refuse(node, f"color is [{', '.join(levels)}], expected red, green and blue from 0 to 255")
        red, green, blue = map(int, levels)
        return red, green, blue

    def class_id(self, node: yaml.Node, table: LabelSet) -> int:
        name = self.text(node)
        if name not in table.names:
            self.refuse(node, f"label set {table.name!r} has no class {name!r}.{suggestion(name, table.names)}")
        return table.class_id(name)
