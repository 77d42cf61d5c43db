-- Records a proof unless it is there: 0 new, 1 seen, 2 cold, -n the key is full for n seconds.
--
-- KEYS: the marker, the record, the counts of the key.
-- ARGV: now, the record's end, when the proof was made, whether a nonce says so (1) or its iat (0), leeway, reach, most
-- records of a key, seconds that are counted together, life of the marker, whether to make that long again (1), run of the
-- server.
local now, till = tonumber(ARGV[1]), tonumber(ARGV[2])
local made, leeway, reach = tonumber(ARGV[3]), tonumber(ARGV[5]), tonumber(ARGV[6])

-- The marker: since when no record is missing, by how much an iat may be ahead of that, for how long records are kept, and
-- the run of the server.
local mark = redis.call('GET', KEYS[1])
local from, slack, kept, run
if mark then from, slack, kept, run = string.match(mark, '^(%d+) (%d+) (%d+) (%w+)$') end
from, slack, kept = tonumber(from), tonumber(slack), tonumber(kept)
local write = ARGV[10] == '1'
-- The second of another node's clock may have begun already, so that two are added. A marker from far ahead was written by
-- a clock that was wrong.
if run ~= ARGV[11] or from > now + 60 then
  from, slack, kept, write = now + 2, leeway, reach, true
elseif kept ~= reach then
  -- Proofs may be used for longer than before: records of those that were made earlier ended already.
  if reach > kept then from = math.max(from, now - kept) end
  kept, write = reach, true
end
if write then
  redis.call('SET', KEYS[1], string.format('%d %d %d %s', from, slack, kept, ARGV[11]), 'EX', ARGV[9])
end

if redis.call('EXISTS', KEYS[2]) == 1 then return 1 end
if ARGV[4] == '0' then from = from + slack end
if made < from then return 2 end

-- The counts of the key: last second of a stretch, and how many records end in it.
local live, soonest = 0, nil
local counts = redis.call('HGETALL', KEYS[3])
for i = 1, #counts, 2 do
  local last = tonumber(counts[i])
  if last < now then
    redis.call('HDEL', KEYS[3], counts[i])
  else
    live = live + tonumber(counts[i + 1])
    if not soonest or last < soonest then soonest = last end
  end
end
if live >= tonumber(ARGV[7]) then return -math.max(1, (soonest or now) + 1 - now) end

-- By the Redis's clock and by the node's, whichever is longer; a Redis whose clock is far behind keeps it a day longer at
-- the most.
local time = tonumber(redis.call('TIME')[1])
local life = math.max(1, till + 1 - math.min(now, math.max(time, now - 86400)))
redis.call('SET', KEYS[2], '', 'EX', string.format('%d', life))
local stretch = tonumber(ARGV[8])
redis.call('HINCRBY', KEYS[3], string.format('%d', till - till % stretch + stretch - 1), 1)
redis.call('EXPIRE', KEYS[3], string.format('%d', reach + leeway + stretch + 60))
return 0
