# Kafka of Maven Central's jars; takes its settings from KAFKA_..., as the public image does.
FROM debian:bookworm-slim
RUN mkdir --parents /usr/share/man/man1 \
    && apt-get update -qq \
    && apt-get install -qq --yes --no-install-recommends \
        ca-certificates curl default-jre-headless >/dev/null \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 1000 appuser \
    && install --directory --owner appuser /var/lib/kafka/data
ARG MAVEN=https://repo1.maven.org/maven2
COPY tests/compose/kafka-jars.txt /opt/kafka/jars.txt
RUN mkdir /opt/kafka/libs && cd /opt/kafka/libs \
    && sed "s#.*#url = $MAVEN/&\nremote-name#" ../jars.txt \
        | curl --fail --silent --show-error --parallel --config -
COPY tests/compose/kafka-run /usr/local/bin/
USER appuser
CMD ["kafka-run"]
