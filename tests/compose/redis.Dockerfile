FROM debian:bookworm-slim
RUN apt-get update -qq \
    && apt-get install -qq --yes --no-install-recommends redis-server >/dev/null \
    && rm -rf /var/lib/apt/lists/*
