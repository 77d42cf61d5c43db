-- Writes the marker unless one of this run of the server is there; 1 when it did.
--
-- KEYS: the marker. ARGV: since when no record is missing where nothing is known, whether to say so in any case (1), leeway,
-- reach, life of the marker, run of the server.
local mark = redis.call('GET', KEYS[1])
local run
if mark then run = string.match(mark, '^%d+ %d+ %d+ (%w+)$') end
if run == ARGV[6] and ARGV[2] == '0' then return 0 end
-- A marker of another run is left for the first record, which finds it and writes a new one by the node's clock then.
if mark and ARGV[2] == '0' then return 0 end
redis.call('SET', KEYS[1], string.format('%d 0 %d %s', tonumber(ARGV[1]), tonumber(ARGV[4]), ARGV[6]), 'EX', ARGV[5])
return 1
