CREATE TABLE flights (carrier TEXT, flight BIGINT, dep_delay BIGINT)
  WITH (connector = 'fluvio', topic = 'flights', type = 'source', 'source.offset' = 'earliest', format = 'json');

CREATE TABLE late (carrier TEXT, flight BIGINT, dep_delay BIGINT)
  WITH (connector = 'fluvio', topic = 'late', type = 'sink', format = 'json');

CREATE FUNCTION go_filter LANGUAGE wasm AS 'go_filter.wasm' WITH (min_delay = '30');

INSERT INTO late SELECT * FROM go_filter(flights);
