#!/usr/bin/env bash
# Builds the service's image for `make image`: with Docker if its engine runs, otherwise with Debian's buildah, as root.
#   image.sh [name]   name of the image; default picus:local
#   TARGET            stage of the Dockerfile; default: the service
#   PLATFORM          in Docker's notation, e.g. linux/arm64; Docker only
#   SOURCE, BUILD     addresses of the code and of the build, for /__version__
#   PUSH              if set, push the image to its registry; Docker only
#   ATTEST            if set beside PUSH, build from the digest that the base's tag has now, and publish provenance (SLSA) and
#                     a list of all packages (SPDX) with the image; needs a builder of `docker buildx` that can, such as the
#                     driver docker-container
#   DEBIAN_MIRROR     for the base image that buildah needs; default: debootstrap's
set -euo pipefail
cd "$(dirname "$0")/.."

STAND_IN=localhost/picus-python:trixie
name=${1:-picus:local}
options=(--tag "$name" --build-arg "COMMIT=$(git rev-parse --verify HEAD 2>/dev/null || echo unknown)")
options+=(--build-arg "VERSION=$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)")
[ -z "${TARGET:-}" ] || options+=(--target "$TARGET")
[ -z "${SOURCE:-}" ] || options+=(--build-arg "SOURCE=$SOURCE")
[ -z "${BUILD:-}" ] || options+=(--build-arg "BUILD=$BUILD")

fail() {
    echo "picus: $1" >&2
    exit 1
}

install_tools() {
    command -v buildah > /dev/null && command -v debootstrap > /dev/null && return
    [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null \
        || fail "to build an image, start Docker, or as root on Debian: apt-get install buildah debootstrap"
    echo "installing buildah and debootstrap" >&2
    export DEBIAN_FRONTEND=noninteractive
    local packages=(buildah debootstrap debian-archive-keyring gpgv)
    { apt-get update && apt-get install --yes --no-install-recommends "${packages[@]}"; } > build/apt.log 2>&1 \
        || fail "apt-get could not install buildah and debootstrap; see build/apt.log"
}

# Debian 13 with its Python 3.13, in place of python:3.13-slim, so that no image registry is needed.
make_stand_in() {
    buildah inspect --type image "$STAND_IN" > /dev/null 2>&1 && return
    echo "making a base image from Debian's packages" >&2
    rm -rf build/base
    debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates trixie build/base \
        ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"} > build/debootstrap.log 2>&1 \
        || fail "debootstrap failed; see build/debootstrap.log"
    rm -rf build/base/usr/share/{doc,info,locale,man} build/base/var/cache/apt build/base/var/lib/apt/lists
    rm -rf build/base/usr/lib/python3*/__pycache__ build/base/usr/lib/python3*/*/__pycache__  # like the official image
    local container
    container=$(buildah from scratch)
    buildah copy --quiet "$container" build/base / > /dev/null
    buildah commit --quiet --rm "$container" "$STAND_IN" > /dev/null
    rm -rf build/base
}

build_without_engine() {
    install_tools
    [ "$(id -u)" = 0 ] || fail "buildah is used as root here; start Docker to build an image as somebody else"
    [ -z "${PLATFORM:-}" ] || fail "PLATFORM=$PLATFORM needs Docker: buildah builds for this machine only"
    export BUILDAH_ISOLATION=chroot
    make_stand_in
    # The build trusts the certificates of this machine, of a proxy for example; the image does not.
    local certificates=${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}
    [ ! -e "$certificates" ] || options+=(--volume "$certificates:/etc/ssl/certs/ca-certificates.crt:ro")
    # The OCI format has no health check.
    buildah build --quiet --format docker --from "$STAND_IN" --pull=never "${options[@]}" . > /dev/null
}

# The tag stays in the Dockerfile, because a build without a registry needs it. The digest is recorded in a label and in the
# provenance.
build_with_attestations() {
    local base digest
    base=$(sed -n 's/^FROM \([^ ]*\) AS python$/\1/p' Dockerfile)
    digest=$(docker buildx imagetools inspect "$base" --format '{{json .Manifest}}' \
        | sed -n 's/.*"digest": *"\(sha256:[0-9a-f]*\)".*/\1/p' | head -n 1)
    [ -n "$digest" ] || fail "the registry does not say the digest of $base"
    echo "building from $base@$digest" >&2
    docker buildx build --push --provenance=mode=max --sbom=true ${PLATFORM:+--platform "$PLATFORM"} \
        --build-context "$base=docker-image://$base@$digest" --label "org.opencontainers.image.base.name=$base" \
        --label "org.opencontainers.image.base.digest=$digest" "${options[@]}" .
}

build_and_push() {
    # No attestations: a build without a special builder can't have them. Older Docker versions refuse the option for this,
    # but ignore the variable.
    BUILDX_NO_DEFAULT_ATTESTATIONS=1 docker build ${PLATFORM:+--platform "$PLATFORM"} "${options[@]}" .
    [ -z "${PUSH:-}" ] || docker push "$name"
}

mkdir -p build
if command -v docker > /dev/null && docker info > /dev/null 2>&1; then
    if [ -n "${PUSH:-}" ] && [ -n "${ATTEST:-}" ]; then build_with_attestations; else build_and_push; fi
else
    build_without_engine
fi
