#!/bin/sh
# The RUSTC_WORKSPACE_WRAPPER of `cargo xtask fuzz`. Cargo runs it for the crates of this workspace only: these are built with
# coverage, and third-party crates are those of any other debug build. All of it is stable; no sanitizer, as no crate has unsafe code.
rustc=$1
shift
case " $* " in
  *" --crate-name build_script"*) exec "$rustc" "$@" ;;
esac
exec "$rustc" "$@" -Copt-level=1 -Ccodegen-units=1 \
  -Cpasses=sancov-module \
  -Cllvm-args=-sanitizer-coverage-level=4 \
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
  -Cllvm-args=-sanitizer-coverage-pc-table \
  -Cllvm-args=-sanitizer-coverage-trace-compares
