#!/bin/sh
# Finds a Python that fits and hands over to the launcher, which needs nothing else to begin with.
here=$(dirname -- "$(readlink -f -- "$0")")
fits='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'

if [ -n "${PYTHON:-}" ]; then
    candidates=$PYTHON
else
    candidates='python3 python3.13 python3.12 python3.11 python'
fi
for python in $candidates; do
    if "$python" -E -c "$fits" >/dev/null 2>&1; then
        exec "$python" -E -s "$here/__main__.py" "$@"
    fi
done
echo "Vendorrisk needs Python 3.11, 3.12 or 3.13; found none of them as: $candidates." >&2
echo "Install one (Debian, Ubuntu: apt-get install python3 python3-venv), or name it: PYTHON=/path/to/python3.12 $0" >&2
exit 1
