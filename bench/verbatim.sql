-- All 19 columns checked, every row written again as it came: no module, so records go out as the bytes they are.
CREATE TABLE flights (
  year INT NOT NULL, month INT NOT NULL, day INT NOT NULL,
  dep_time INT, sched_dep_time INT, dep_delay BIGINT,
  arr_time INT, sched_arr_time INT, arr_delay BIGINT,
  carrier TEXT NOT NULL, flight INT, tailnum TEXT, origin TEXT NOT NULL, dest TEXT NOT NULL,
  air_time INT, distance INT, hour INT, minute INT, time_hour TIMESTAMP
) WITH (connector = 'fluvio', topic = 'flights', type = 'source', 'source.offset' = 'earliest', format = 'json');

CREATE TABLE copies (
  year INT NOT NULL, month INT NOT NULL, day INT NOT NULL,
  dep_time INT, sched_dep_time INT, dep_delay BIGINT,
  arr_time INT, sched_arr_time INT, arr_delay BIGINT,
  carrier TEXT NOT NULL, flight INT, tailnum TEXT, origin TEXT NOT NULL, dest TEXT NOT NULL,
  air_time INT, distance INT, hour INT, minute INT, time_hour TIMESTAMP
) WITH (connector = 'fluvio', topic = 'out', type = 'sink', format = 'json');

INSERT INTO copies SELECT * FROM flights;
