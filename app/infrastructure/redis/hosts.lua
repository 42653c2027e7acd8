-- The heartbeats of sandbox hosts. Their age is counted by a clock that stands still while Redis
-- doesn't serve: a pause of Redis makes all hosts silent, and none of them is lost for it.
--
-- KEYS
--   clock    hash        at: Redis's own clock at the last call; served: this one's time then
--   seen     sorted set  host -> the time of its newest heartbeat, or since when one is expected
--   reports  hash        host -> its report
--   sizes    hash        host -> its size, which is read for each execution
--   owners   hash        host -> who sends its heartbeats
--
-- ARGV: the operation, after how long a host is lost and how much time can pass between two calls,
-- both in microseconds, and its arguments.

local clock, seen, reports, sizes, owners = unpack(KEYS)
local operation, lost_after, at_most = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])

local SLICE = 1000

local function text(time)
  return string.format('%.0f', time)
end

-- More time than `at_most` since the last call means that nobody could call.
local function tick()
  local seconds, microseconds = unpack(redis.call('TIME'))
  local now = seconds * 1000000 + microseconds
  local at, served = unpack(redis.call('HMGET', clock, 'at', 'served'))
  local time = now
  if at then
    time = tonumber(served) + math.max(0, math.min(now - tonumber(at), at_most))
  end
  redis.call('HSET', clock, 'at', text(now), 'served', text(time))
  return time
end

local function forget(name)
  redis.call('ZREM', seen, name)
  for _, key in ipairs({reports, sizes, owners}) do
    redis.call('HDEL', key, name)
  end
end

local time = tick()
local operations = {}

-- put name owner report size. 0 if the name is that of another host that is alive.
function operations.put(name, owner, report, size)
  local last = redis.call('ZSCORE', seen, name)
  local other = redis.call('HGET', owners, name)
  if last and other and other ~= owner and tonumber(last) >= time - lost_after then
    return 0
  end
  redis.call('HSET', reports, name, report)
  redis.call('HSET', sizes, name, size)
  redis.call('HSET', owners, name, owner)
  redis.call('ZADD', seen, text(time), name)
  return 1
end

-- remove name owner. Nothing if it is another owner's by now; '' stands for any.
function operations.remove(name, owner)
  local current = redis.call('HGET', owners, name)
  if owner == '' or not current or current == owner then
    forget(name)
  end
end

-- leave name owner
function operations.leave(name, owner)
  if redis.call('HGET', owners, name) == owner then
    redis.call('HDEL', owners, name)
  end
end

-- The name and the value of each, in turn. In slices, because a call takes some thousand arguments.
local function named(key, names)
  local found = {}
  for from = 1, #names, SLICE do
    local some = {unpack(names, from, math.min(from + SLICE - 1, #names))}
    for i, value in ipairs(redis.call('HMGET', key, unpack(some))) do
      found[#found + 1] = some[i]
      found[#found + 1] = value or ''
    end
  end
  return found
end

-- living key: the name and the value of each, in turn.
function operations.living(key)
  return named(key, redis.call('ZRANGEBYSCORE', seen, text(time - lost_after), '+inf'))
end

-- lost: the name and the size of each, in turn.
function operations.lost()
  return named(sizes, redis.call('ZRANGEBYSCORE', seen, '-inf', '(' .. text(time - lost_after)))
end

-- expect name...
function operations.expect(...)
  for _, name in ipairs({...}) do
    redis.call('ZADD', seen, 'NX', text(time), name)
  end
end

return operations[operation](unpack(ARGV, 4))
