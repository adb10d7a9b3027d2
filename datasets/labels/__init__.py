"""Label sets: what a pixel's class id means, and how one set is read as another.

Decisions:

* Shards hold the *raw* tags of the server. A label set is applied on load, by a 256-entry table.
* The **server** writes the tags, so the server's version picks the table, never the installed client's.
* Sets meet in the 29 tags of CARLA 0.9.14+, source -> carla29 -> target: a table for each set, not for each pair. Pairs
  that share more than that (the CamVid sets, the Cityscapes sets) have a direct table.
* Cityscapes 19 ids are the benchmark's ``trainId``; road lines count as road there.
* Tag 0 (NONE, Unlabeled) says that the simulator does not know: nobody should learn that, so it becomes the ignore id,
  as does every id that a public set uses for "unlabelled".
* An id that a set does not have is an error that names it, never class 0.
"""

from __future__ import annotations

from datasets.errors import LabelError
from datasets.labels.carla_sets import CARLA_13, CARLA_23, CARLA_29, tag_table_for_server
from datasets.labels.grouping_file import label_set, load_grouping
from datasets.labels.groupings import LABEL_SETS
from datasets.labels.label_set import IGNORE_ID, Grouping, LabelClass, LabelSet, check_tags, unknown_tags
from datasets.labels.public_sets import CAMVID_11, CAMVID_32, CARVANA_2, CITYSCAPES_19, CITYSCAPES_34, LYFT_13
from datasets.labels.translation import Translation, lookup_table, translation

__all__ = [
    "CAMVID_11",
    "CAMVID_32",
    "CARLA_13",
    "CARLA_23",
    "CARLA_29",
    "CARVANA_2",
    "CITYSCAPES_19",
    "CITYSCAPES_34",
    "IGNORE_ID",
    "LABEL_SETS",
    "LYFT_13",
    "Grouping",
    "LabelClass",
    "LabelError",
    "LabelSet",
    "Translation",
    "check_tags",
    "label_set",
    "load_grouping",
    "lookup_table",
    "tag_table_for_server",
    "translation",
    "unknown_tags",
]
