# Seawall in a container: docker build -t seawall . ; see docs/running.md.
FROM node:22-bookworm-slim AS web
WORKDIR /src/web
COPY web/package.json web/package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY web .
RUN npm run build

FROM rust:1-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends cmake && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
COPY --from=web /src/web/dist web/dist
RUN cargo build --release --locked -p seawall-cli

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /data seawall \
    && install -d -o seawall -g seawall -m 0700 /data
COPY --from=build /src/target/release/seawall /usr/local/bin/seawall
USER 10001
WORKDIR /data
VOLUME /data
# The heartbeat follows the engine's own pulse: a minute without one is a run that hangs.
HEALTHCHECK --interval=30s --timeout=5s --start-period=15m \
    CMD find /data/seawall-data/run/live/heartbeat.json -mmin -1 | grep -q .
STOPSIGNAL SIGTERM
ENTRYPOINT ["seawall"]
CMD ["run", "--mode", "paper", "--headless", "--config", "/data/seawall.yaml"]
