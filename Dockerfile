# rivet in an image:
#   docker run --rm --user "$(id -u):$(id -g)" -e DATABASE_URL -v "$PWD:/work" rivet run -c rivet.yaml
# State and local output live beside the configuration, in the mounted folder; the image holds nothing, and
# with a tmpfs on /tmp its file system may be read-only (docs/install.md, docs/adr/0027-image.md).
FROM denoland/deno:2.9.6@sha256:2014dc167ece617ef7e7ba40631ac2234c59e75ce693e7cc2dc2602b3c87859d AS build
WORKDIR /src
COPY . .
# The repository itself is not in the build's context.
ARG REVISION=""
RUN RIVET_COMMIT="$REVISION" deno task compile --output /out/rivet && deno task sbom /out/rivet.cdx.json && mkdir /out/work

# glibc, libgcc and TLS roots, which is what the executable needs; no shell, no package manager.
FROM gcr.io/distroless/cc-debian12:nonroot@sha256:9dac0a79194e45a7da0158a9c6da57b217585af0786db3845d1f0ec1a0dd182f
ARG VERSION=dev
ARG REVISION=unknown
ARG SOURCE=""
LABEL org.opencontainers.image.title="rivet" \
      org.opencontainers.image.description="Tables and query results from a database as Parquet or CSV" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY LICENSE /usr/share/doc/rivet/LICENSE
COPY --from=build /out/rivet.cdx.json /usr/share/doc/rivet/rivet.cdx.json
COPY --from=build /out/rivet /usr/local/bin/rivet
# A volume that is mounted here for the first time is that user's.
COPY --from=build --chown=65532:65532 /out/work /work
USER 65532:65532
WORKDIR /work
# The first process, and told of SIGTERM as such: no shell and no init stand between.
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/rivet"]
