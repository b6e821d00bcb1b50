# rivet in an image:
#   docker run --rm -e DATABASE_URL -v "$PWD:/work" rivet run -c rivet.yaml
# State and local output live beside the configuration, in the mounted folder; the image holds nothing.
# Images are named by version; a build that must not change names them by digest, as `name:tag@sha256:...`.
FROM denoland/deno:2.9.6 AS build
WORKDIR /src
COPY . .
RUN deno task compile --output /rivet

# Deno's executables need glibc. TLS roots are built in; DENO_TLS_CA_STORE=system takes the image's.
FROM debian:12-slim
COPY --from=build /rivet /usr/local/bin/rivet
RUN useradd --uid 1000 --create-home rivet
USER rivet
WORKDIR /work
ENTRYPOINT ["rivet"]
