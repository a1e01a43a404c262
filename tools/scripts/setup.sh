# What tools/demo and tools/check share: installing what is missing, configuring and building. Sourced, not run.
#
# Needs bash, and root or sudo only when a package is missing. Sets `repository` (the top of the checkout); every function
# says what it does on stderr, long work shows its progress.

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# Packages that the compiler, the generated programs and the demo need, from Debian 12.
build_packages=(
  cmake ninja-build ccache clang-22 lld-22 llvm-22-dev llvm-22-tools libmlir-22-dev mlir-22-tools
  nlohmann-json3-dev libcli11-dev libpcre2-dev zlib1g-dev libzstd-dev node-d3
)
demo_packages=(bible-kjv)
test_packages=(libgtest-dev libclang-rt-22-dev python3 python3-numpy qemu-user debootstrap binutils "${demo_packages[@]}")

say() { printf '\033[1m==> %s\033[0m\n' "$*" >&2; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

# install PACKAGE...: installs those that are missing, and only those.
install() {
  command -v dpkg-query >/dev/null || fail "this script installs Debian packages; on another system install: $*"
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "these packages are missing: ${missing[*]}; install them as root and start again"
    as_root=(sudo)
  fi
  say "Installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  "${as_root[@]}" apt-get update -qq >&2 || fail "apt-get update failed"
  "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2 ||
    fail "apt-get could not install: ${missing[*]}"
}

# NVIDIA's assembler for kernels of GPUs: of an installed CUDA Toolkit, or alone from PyPI.
ptxas_package=nvidia-cuda-nvcc==13.0.88

# is_ptxas PATH: whether it is an assembler that takes our PTX (CUDA 12.1 and newer).
is_ptxas() {
  local release
  [ -x "$1" ] || return 1
  release=$("$1" --version 2>/dev/null | sed -n 's/.*release \([0-9]*\)\.\([0-9]*\).*/\1 \2/p')
  set -- ${release:-0 0}
  [ $(($1 * 100 + $2)) -ge 1201 ]
}

# find_ptxas FOLDER: prints the path of ptxas, after fetching it into FOLDER where none is installed. hadalc looks in the
# same places in the same order (codegen/NVPTX/Assemble.cpp).
find_ptxas() {
  local folder=$1 candidate
  for candidate in ${CUDA_HOME:+"$CUDA_HOME/bin/ptxas"} ${CUDA_PATH:+"$CUDA_PATH/bin/ptxas"} \
    $(type -ap ptxas || true) /usr/local/cuda/bin/ptxas "$folder/ptxas"; do
    if is_ptxas "$candidate"; then
      printf '%s\n' "$candidate"
      return
    fi
  done
  say "Fetching ptxas ($ptxas_package) from PyPI"
  command -v python3 >/dev/null && python3 -m pip --version >/dev/null 2>&1 || install python3 python3-pip
  mkdir -p "$folder"
  python3 -m pip install --quiet --root-user-action=ignore --disable-pip-version-check --no-deps --upgrade --target "$folder/package" \
    "$ptxas_package" >&2 || fail "ptxas is missing and PyPI could not be reached for $ptxas_package:" \
    "install the CUDA Toolkit 13, or put a folder with ptxas into PATH"
  candidate=$(find "$folder/package" -name ptxas -type f | head -n 1)
  [ -n "$candidate" ] || fail "the package $ptxas_package holds no ptxas: install the CUDA Toolkit 13"
  chmod +x "$candidate"
  ln -sf "$candidate" "$folder/ptxas"
  is_ptxas "$folder/ptxas" || fail "$candidate does not run on this machine: install the CUDA Toolkit 13"
  printf '%s\n' "$folder/ptxas"
}

# build FOLDER [CMAKE-OPTION...] -- TARGET...: configures (when options changed) and builds the targets.
build() {
  local folder=$1 options=()
  shift
  while [ $# -gt 0 ] && [ "$1" != -- ]; do options+=("$1"); shift; done
  shift
  local llvm
  llvm=$(llvm-config-22 --bindir 2>/dev/null) || fail "llvm-config-22 is missing although llvm-22-dev is installed"
  say "Configuring $folder"
  cmake -G Ninja -S "$repository" -B "$folder" -DCMAKE_C_COMPILER="$llvm/clang" -DCMAKE_CXX_COMPILER="$llvm/clang++" \
    "${options[@]}" >"$folder.configure.log" 2>&1 || { cat "$folder.configure.log" >&2; fail "CMake could not configure $folder"; }
  rm -f "$folder.configure.log"
  say "Building ${*:-everything} in $folder"
  NINJA_STATUS='[%f/%t %es] ' ninja -C "$folder" "$@" >&2 || fail "the build failed"
}
