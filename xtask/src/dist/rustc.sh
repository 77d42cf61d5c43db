#!/bin/sh
# The RUSTC_WORKSPACE_WRAPPER of `cargo xtask dist`. Cargo runs it for the crates of this workspace only: these get the flags of a
# profile's making or use, and third-party crates are compiled once.
rustc=$1
shift
case " $* " in
  *" --crate-name build_script"*) exec "$rustc" "$@" ;;
esac
# shellcheck disable=SC2086 # a list of flags
exec "$rustc" "$@" $KEYBOUND_RUSTC_FLAGS
