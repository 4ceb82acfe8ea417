-- The main job: one flight in twelve comes out, with a column added.
CREATE TABLE flights (
  year INT NOT NULL, month INT NOT NULL, day INT NOT NULL,
  dep_time INT, sched_dep_time INT, dep_delay BIGINT,
  arr_time INT, sched_arr_time INT, arr_delay BIGINT,
  carrier TEXT NOT NULL, flight INT, tailnum TEXT, origin TEXT NOT NULL, dest TEXT NOT NULL,
  air_time INT, distance INT, hour INT, minute INT, time_hour TIMESTAMP
) WITH (connector = 'fluvio', topic = '${SOURCE}', type = 'source', 'source.offset' = 'earliest', format = 'json');

CREATE TABLE late (
  carrier TEXT, flight INT, origin TEXT, dest TEXT, dep_delay BIGINT, delay_class TEXT, time_hour TIMESTAMP
) WITH (connector = 'fluvio', topic = '${SINK}', type = 'sink', format = 'json', delivery = '${DELIVERY}');

CREATE FUNCTION late_flights LANGUAGE wasm AS '../../modules/late_flights/late_flights.wasm' WITH (min_delay = '60');

INSERT INTO late SELECT carrier, flight, origin, dest, dep_delay, delay_class, time_hour FROM late_flights(flights);
