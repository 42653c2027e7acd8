-- The admission queue and its slots. It is one script, so that every operation is atomic. The cost
-- of an operation depends on the number of slots held, not on the length of the queue.
--
-- Each owner has a lane, a queue of its own, for each band. The first entry of a lane is its head.
-- A head has waited since it was created, or since the lane last took or released a slot,
-- whichever is later: a backlog waits for its next turn, not since it was queued.
--
-- Heads are kept in cells, one for each band and number of slots that the owner holds. The head
-- that has waited longest precedes all others in its cell, so only these are compared.
--
-- KEYS
--   queue    sorted set  execution -> its rank by band and time, for lengths and positions
--   slots    sorted set  execution -> time taken
--   entries  hash        execution -> its lane, for all that are queued or hold a slot
--   used     hash        owner -> slots it holds
--   turns    sorted set  lane -> when it last took or released a slot; no empty lanes
--   cells    sorted set  <band>:<slots held> -> slots held; no empty cells
--   ready    string      missing after a loss of data
--   <queue>:lane:<band>:<owner>        sorted set  execution -> time of its creation
--   <queue>:heads:<band>:<slots held>  sorted set  owner -> the time since which its head waits
--
-- A lane is named <band>:<owner>. ARGV: the operation and its arguments. Stored times stay strings
-- where possible, because Lua would round them when it prints them.

local queue, slots, entries, used, turns, cells, ready = unpack(KEYS)

local BANDS = 5
local MENDED_AT_ONCE = 100

local function lane_of(band, owner)
  return band .. ':' .. owner
end

local function entries_of(lane)
  return queue .. ':lane:' .. lane
end

local function cell_of(band, held)
  return band .. ':' .. held
end

local function heads_of(cell)
  return queue .. ':heads:' .. cell
end

local function split(text)
  local first, rest = string.match(text, '^(%d+):(.*)$')
  return tonumber(first), rest
end

local function held_by(owner)
  return tonumber(redis.call('HGET', used, owner) or 0)
end

local function waits_since(lane, created)
  local turn = redis.call('ZSCORE', turns, lane)
  return turn and tonumber(turn) > tonumber(created) and turn or created
end

local function remove_head(band, held, owner)
  local cell = cell_of(band, held)
  redis.call('ZREM', heads_of(cell), owner)
  if redis.call('EXISTS', heads_of(cell)) == 0 then
    redis.call('ZREM', cells, cell)
  end
end

-- Call this after every change to a lane.
local function update_head(lane)
  local band, owner = split(lane)
  local held = held_by(owner)
  local first = redis.call('ZRANGE', entries_of(lane), 0, 0, 'WITHSCORES')
  if first[1] then
    local cell = cell_of(band, held)
    redis.call('ZADD', heads_of(cell), waits_since(lane, first[2]), owner)
    redis.call('ZADD', cells, held, cell)
  else
    remove_head(band, held, owner)
    redis.call('ZREM', turns, lane)
  end
end

local function line_up(execution, lane, created, rank)
  redis.call('ZADD', queue, rank, execution)
  redis.call('ZADD', entries_of(lane), created, execution)
end

local function unqueue(execution, lane)
  if redis.call('ZREM', queue, execution) == 1 then
    redis.call('ZREM', entries_of(lane), execution)
    update_head(lane)
  end
end

-- Moves the owner's heads to the cells for its new number of slots.
local function count_slots(owner, change)
  local before = held_by(owner)
  redis.call('HSET', used, owner, before + change)
  if before + change == 0 then
    redis.call('HDEL', used, owner)
  end
  for band = 0, BANDS - 1 do
    if redis.call('ZSCORE', heads_of(cell_of(band, before)), owner) then
      remove_head(band, before, owner)
      update_head(lane_of(band, owner))
    end
  end
end

-- Records that the lane took or released a slot.
local function turn(lane, change, now)
  if redis.call('EXISTS', entries_of(lane)) == 1 then
    redis.call('ZADD', turns, now, lane)
  end
  local _, owner = split(lane)
  count_slots(owner, change)
end

local function occupy(execution, lane, now)
  redis.call('ZADD', slots, now, execution)
  turn(lane, 1, now)
end

-- The order: the lowest effective band, then the fewest slots, then the longest wait. The band
-- itself only breaks ties.
local function place_of(band, held, since, now, ageing)
  local waited = math.max(0, now - since)
  return {band - math.floor(waited / ageing), held, since, band}
end

local function is_before(place, other)
  for i, value in ipairs(place) do
    if value ~= other[i] then
      return value < other[i]
    end
  end
  return false
end

-- Returns the lane whose turn it is, or nil if no owner below the cap has an entry.
local function next_in_turn(per_owner, now, ageing)
  local first, lane
  for _, cell in ipairs(redis.call('ZRANGEBYSCORE', cells, 0, '(' .. per_owner)) do
    local band, held = split(cell)
    local head = redis.call('ZRANGE', heads_of(cell), 0, 0, 'WITHSCORES')
    local place = place_of(band, tonumber(held), tonumber(head[2]), now, ageing)
    if not first or is_before(place, first) then
      first, lane = place, lane_of(band, head[1])
    end
  end
  return lane
end

-- Treats times in the future as now. They mean that a clock was set back, and such entries would
-- wait behind all others until the clock has caught up.
local function mend_times(now, ageing)
  for _ = 1, MENDED_AT_ONCE do
    local last = redis.call('ZRANGE', queue, -1, -1, 'WITHSCORES')
    if not last[1] or tonumber(last[2]) <= now + BANDS * ageing then
      break
    end
    local lane = redis.call('HGET', entries, last[1])
    local rank = now + split(lane) * ageing
    line_up(last[1], lane, string.format('%.0f', now), string.format('%.0f', rank))
    update_head(lane)
  end
  for _ = 1, MENDED_AT_ONCE do
    local last = redis.call('ZRANGE', turns, -1, -1, 'WITHSCORES')
    if not last[1] or tonumber(last[2]) <= now + ageing then
      break
    end
    redis.call('ZADD', turns, string.format('%.0f', now), last[1])
    update_head(last[1])
  end
end

local operations = {}

-- enter (execution lane created rank)...
function operations.enter(...)
  local arguments = {...}
  local touched = {}
  for i = 1, #arguments, 4 do
    local execution, lane, created, rank = unpack(arguments, i, i + 3)
    if redis.call('HSETNX', entries, execution, lane) == 1 then
      line_up(execution, lane, created, rank)
      touched[lane] = true
    end
  end
  for lane in pairs(touched) do
    update_head(lane)
  end
end

-- leave execution now
function operations.leave(execution, now)
  local lane = redis.call('HGET', entries, execution)
  if not lane then
    return
  end
  redis.call('HDEL', entries, execution)
  unqueue(execution, lane)
  if redis.call('ZREM', slots, execution) == 1 then
    turn(lane, -1, now)
  end
end

-- take total per_owner now ageing limit (execution that leaves before, or '') (execution lane created
-- rank of one that enters before)?
function operations.take(total, per_owner, now, ageing, limit, leaving, ...)
  operations.enter(...)
  if leaving ~= '' then
    operations.leave(leaving, now)
  end
  local taken = {}
  if redis.call('EXISTS', ready) == 0 then
    return taken
  end
  mend_times(tonumber(now), tonumber(ageing))
  local free = math.min(tonumber(limit), tonumber(total) - redis.call('ZCARD', slots))
  while #taken < free do
    local lane = next_in_turn(per_owner, tonumber(now), tonumber(ageing))
    if not lane then
      break
    end
    local execution = redis.call('ZRANGE', entries_of(lane), 0, 0)[1]
    unqueue(execution, lane)
    occupy(execution, lane, now)
    taken[#taken + 1] = execution
  end
  return taken
end

-- hold execution lane now
function operations.hold(execution, lane, now)
  if redis.call('ZSCORE', slots, execution) then
    return
  end
  redis.call('HSET', entries, execution, lane)
  unqueue(execution, lane)
  occupy(execution, lane, now)
end

-- position execution. An upper bound: the entries with a better rank; or, as lanes take turns, the
-- entries up to it in its own lane times the number of lanes, if that is less.
function operations.position(execution)
  local rank = redis.call('ZRANK', queue, execution)
  if not rank then
    return
  end
  local lane = redis.call('HGET', entries, execution)
  local place = redis.call('ZRANK', entries_of(lane), execution)
  local lanes = 0
  for _, cell in ipairs(redis.call('ZRANGE', cells, 0, -1)) do
    lanes = lanes + redis.call('ZCARD', heads_of(cell))
  end
  return math.min(rank + 1, (place + 1) * lanes)
end

-- lengths limit. The owners and lengths of up to so many lanes, those whose heads wait longest first.
function operations.lengths(limit)
  local found = {}
  for _, cell in ipairs(redis.call('ZRANGE', cells, 0, -1)) do
    local band = split(cell)
    local left = tonumber(limit) - #found / 2
    if left <= 0 then
      break
    end
    for _, owner in ipairs(redis.call('ZRANGE', heads_of(cell), 0, left - 1)) do
      found[#found + 1] = owner
      found[#found + 1] = redis.call('ZCARD', entries_of(lane_of(band, owner)))
    end
  end
  return found
end

-- clear
function operations.clear()
  for _, cell in ipairs(redis.call('ZRANGE', cells, 0, -1)) do
    local band = split(cell)
    for _, owner in ipairs(redis.call('ZRANGE', heads_of(cell), 0, -1)) do
      redis.call('UNLINK', entries_of(lane_of(band, owner)))
    end
    redis.call('UNLINK', heads_of(cell))
  end
  redis.call('UNLINK', unpack(KEYS))
end

return operations[ARGV[1]](unpack(ARGV, 2))
