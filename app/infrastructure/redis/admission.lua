-- The coordinator's queue and slots. One script, so every operation is one atomic step, and
-- none looks at more entries than it takes, whoever has how many of them.
--
-- KEYS
--   queue     sorted set  execution -> score; for rank and length
--   heads     sorted set  owner -> score of its first entry; only owners below the cap
--   slots     sorted set  execution -> time taken
--   owner_of  hash        execution -> owner; whatever is queued or holds a slot
--   used      hash        owner -> slots it holds
--   cap       string      slots for one owner, as the last `take` had it
--   ready     string      missing after a loss
--   <queue>:<owner>  sorted set  execution -> score; the owner's own queue
--
-- ARGV: the operation and its arguments. Scores and times stay strings: Lua would round them
-- when it prints them.

local queue, heads, slots, owner_of, used, cap, ready = unpack(KEYS)
local per_owner = tonumber(redis.call('GET', cap) or math.huge)

local function queue_of(owner)
  return queue .. ':' .. owner
end

-- Keeps what `heads` promises. To be called after every change to an owner's queue or slots.
local function update_head(owner)
  local first = redis.call('ZRANGE', queue_of(owner), 0, 0, 'WITHSCORES')
  local held = tonumber(redis.call('HGET', used, owner) or 0)
  if first[1] and held < per_owner then
    redis.call('ZADD', heads, first[2], owner)
  else
    redis.call('ZREM', heads, owner)
  end
end

local function unqueue(execution, owner)
  redis.call('ZREM', queue, execution)
  redis.call('ZREM', queue_of(owner), execution)
end

local function occupy(execution, owner, now)
  redis.call('ZADD', slots, now, execution)
  redis.call('HINCRBY', used, owner, 1)
end

local function vacate(execution, owner)
  if redis.call('ZREM', slots, execution) == 0 then
    return
  end
  if redis.call('HINCRBY', used, owner, -1) == 0 then
    redis.call('HDEL', used, owner)
  end
end

-- Only owners with slots can cross the cap when it changes: no more than there are slots.
local function set_cap(new_cap)
  if new_cap == per_owner then
    return
  end
  per_owner = new_cap
  redis.call('SET', cap, new_cap)
  for _, owner in ipairs(redis.call('HKEYS', used)) do
    update_head(owner)
  end
end

local operations = {}

-- enter (execution owner score)...
function operations.enter(...)
  local arguments = {...}
  local touched = {}
  for i = 1, #arguments, 3 do
    local execution, owner, score = arguments[i], arguments[i + 1], arguments[i + 2]
    if redis.call('HSETNX', owner_of, execution, owner) == 1 then
      redis.call('ZADD', queue, score, execution)
      redis.call('ZADD', queue_of(owner), score, execution)
      touched[owner] = true
    end
  end
  for owner in pairs(touched) do
    update_head(owner)
  end
end

-- take total per_owner now limit
function operations.take(total, new_cap, now, limit)
  local taken = {}
  if redis.call('EXISTS', ready) == 0 or tonumber(new_cap) < 1 then
    return taken
  end
  set_cap(tonumber(new_cap))
  local free = math.min(tonumber(limit), tonumber(total) - redis.call('ZCARD', slots))
  while #taken < free do
    local owner = redis.call('ZRANGE', heads, 0, 0)[1]
    if not owner then
      break
    end
    local execution = redis.call('ZRANGE', queue_of(owner), 0, 0)[1]
    unqueue(execution, owner)
    occupy(execution, owner, now)
    update_head(owner)
    taken[#taken + 1] = execution
  end
  return taken
end

-- leave execution
function operations.leave(execution)
  local owner = redis.call('HGET', owner_of, execution)
  if not owner then
    return
  end
  redis.call('HDEL', owner_of, execution)
  unqueue(execution, owner)
  vacate(execution, owner)
  update_head(owner)
end

-- hold execution owner now
function operations.hold(execution, owner, now)
  if redis.call('ZSCORE', slots, execution) then
    return
  end
  redis.call('HSET', owner_of, execution, owner)
  unqueue(execution, owner)
  occupy(execution, owner, now)
  update_head(owner)
end

-- clear
function operations.clear()
  for _, owner in ipairs(redis.call('ZRANGE', heads, 0, -1)) do
    redis.call('UNLINK', queue_of(owner))
  end
  for _, owner in ipairs(redis.call('HKEYS', used)) do
    redis.call('UNLINK', queue_of(owner))
  end
  redis.call('UNLINK', unpack(KEYS))
end

return operations[ARGV[1]](unpack(ARGV, 2))
