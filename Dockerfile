# The image of orgpulse: one static binary, the certificates of authorities, and nothing else. Two ways lead to it:
#   docker build -t orgpulse .     here, with BuildKit or buildah; needs a registry for the image of Rust
#   make image                     without a registry: scripts/image/ compiles here, and writes the last stage as an OCI archive
# Both make the root by scripts/image/root.sh and take the rest from the last stage below.

ARG RUST=1.95-bookworm

# What Cargo needs to compile the dependencies: manifests, the lockfile, and empty sources.
FROM docker.io/library/rust:${RUST} AS manifests
WORKDIR /source
COPY . .
RUN scripts/image/skeleton.sh /skeleton

FROM docker.io/library/rust:${RUST} AS build
WORKDIR /source
# While the manifests stay as they are, this layer is kept: a change of code compiles no dependency.
COPY --from=manifests /skeleton .
RUN scripts/image/binary.sh
COPY . .
# Cargo goes by modification times, and a checkout's are older than the empty sources that were compiled above.
RUN find . -name '*.rs' -exec touch {} + && scripts/image/binary.sh /orgpulse && scripts/image/root.sh /orgpulse /root-of-image

FROM scratch
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
ARG SOURCE=""
LABEL org.opencontainers.image.title="orgpulse" \
      org.opencontainers.image.description="Takes the pulse of an engineering organisation and delivers it to Datadog" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.source="${SOURCE}"
# The owners are in the tree: /var/lib/orgpulse belongs to the user.
COPY --from=build /root-of-image/ /
# By number: Kubernetes cannot tell from a name that it is not root.
USER 65532:65532
WORKDIR /var/lib/orgpulse
ENTRYPOINT ["/orgpulse"]
CMD ["--help"]
