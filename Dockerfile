# docker build --build-arg VERSION=1.2.3 --tag panal .
# docker run --publish 8080:8080 --volume panal:/data panal
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG TARGETOS TARGETARCH VERSION=dev
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$VERSION" -o /out/panal . \
    && mkdir /out/data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/panal /panal
# A new volume takes its owner from the folder beneath it.
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
# SQLite writes its temporary files here too: there is no /tmp.
WORKDIR /data
VOLUME /data
ENV PANAL_ADDR=0.0.0.0:8080 PANAL_DATA_DIR=/data
EXPOSE 8080
ENTRYPOINT ["/panal"]
CMD ["serve"]
