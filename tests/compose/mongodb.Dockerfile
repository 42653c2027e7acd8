# Speaks MongoDB's wire protocol, and asks for no password.
FROM debian:bookworm-slim
RUN apt-get update -qq \
    && apt-get install -qq --yes --no-install-recommends ca-certificates python3-venv >/dev/null \
    && rm -rf /var/lib/apt/lists/* \
    && python3 -m venv /opt/mongodb \
    && useradd --system mongodb \
    && install --directory --owner mongodb /data/db
COPY constraints.txt .
RUN /opt/mongodb/bin/pip install --quiet --no-cache-dir --constraint constraints.txt nx-27017
