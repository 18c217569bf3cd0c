#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Part of a folder made by benchmarks/gpu/pack. Runs stages.py with a Python that has PyTorch with CUDA if there is one,
# otherwise with any Python.
PATH=$PATH:/usr/local/bin:/usr/bin:/bin:/usr/local/cuda/bin
export PATH
stages=$(dirname "$0")/benchmarks/gpu/stages.py
any=
for python in python3 python /usr/bin/python3 /usr/local/bin/python3 /opt/conda/bin/python3 /opt/venv/bin/python3; do
  command -v "$python" > /dev/null 2>&1 && "$python" -c 'import sys; assert sys.version_info >= (3, 9)' 2> /dev/null ||
    continue
  any=${any:-$python}
  case " $* " in *" --help "* | *" -h "*) break ;; esac
  if "$python" -c 'import torch; assert torch.cuda.is_available()' 2> /dev/null; then
    exec "$python" "$stages" "$@"
  fi
done
if [ -z "$any" ]; then
  echo "run.sh: no Python 3.9 or newer on the PATH" >&2
  exit 1
fi
exec "$any" "$stages" "$@"
