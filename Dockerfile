# The operator's image for who builds with Docker or BuildKit: the same files that `make image` puts together.
#
# Not built in this project's own tests, which have no daemon: scripts/image is what they build, inspect and run. Pin both
# names by digest where builds have to be repeatable.
FROM docker.io/library/swift:6.3.1-bookworm AS build
WORKDIR /src
COPY . .
RUN scripts/install-dependencies build image
RUN swift build -c release --product modelapp --static-swift-stdlib
RUN scripts/image --files /files.tar && mkdir /files && tar -xpf /files.tar -C /files

FROM scratch
COPY --from=build /files /
ENV PATH=/usr/bin SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
LABEL org.opencontainers.image.title=modelapp org.opencontainers.image.licenses=Apache-2.0
USER 65532:65532
ENTRYPOINT ["/usr/bin/modelapp"]
