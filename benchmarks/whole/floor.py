"""The floor: decode every Parquet file of a batch, one thread, codes as dictionaries, and do nothing with it.

python benchmarks/whole/floor.py BATCH
"""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow.parquet as pq


def main(batch: Path) -> None:
    for file in sorted(batch.glob("*/part-*.parquet")):
        # The files say which columns are dictionaries.
        pq.ParquetFile(file).read(use_threads=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
