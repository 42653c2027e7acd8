-- The admission queue and its slots. It is one script, so that every operation is atomic. The cost
-- of an operation depends on the number of slots held and of languages, not on the length of the
-- queue.
--
-- Each owner has a lane, a queue of its own, for each band. A lane has a line for each language,
-- because programs in one language may have to wait while those in another needn't. What needs two
-- on one host, separated by a blank, is in a line of its own: below, that is a language as well. The first entry
-- of a line is its head. A head has waited since it was created, or since the lane last took or
-- released a slot, whichever is later: a backlog waits for its next turn, not since it was queued.
--
-- Heads are kept in cells, one for each band, number of slots that the owner holds, and language.
-- The head that has waited longest precedes all others in its cell, so only these are compared.
--
-- KEYS
--   queue    sorted set  execution -> its rank by band and time, for lengths and positions
--   slots    sorted set  execution -> time taken
--   entries  hash        execution -> <group of its slot>:<line>, for all that are queued or hold a
--                        slot. No group while it is queued, and where slots have none
--   used     hash        owner -> slots it holds
--   groups   hash        group -> slots held in it
--   turns    sorted set  lane -> when it last took or released a slot; no empty lanes
--   cells    sorted set  <band>:<slots held>:<language> -> slots held; no empty cells
--   ready    string      missing after a loss of data
--   <queue>:lines:<lane>  set         the languages of the lane's lines; no empty lines
--   <queue>:line:<line>   sorted set  execution -> time of its creation
--   <queue>:heads:<cell>  sorted set  owner -> the time since which its head waits
--
-- A lane is named <band>:<owner>, and a line <band>:<language>:<owner>; only owners can have colons
-- in their names. ARGV: the operation and its arguments. Stored times stay strings where possible,
-- because Lua would round them when it prints them.

local queue, slots, entries, used, groups, turns, cells, ready = unpack(KEYS)

local BANDS = 5
local MENDED_AT_ONCE = 100

local function lane_of(band, owner)
  return band .. ':' .. owner
end

local function line_of(band, language, owner)
  return band .. ':' .. language .. ':' .. owner
end

local function split_line(line)
  local band, language, owner = string.match(line, '^(%d+):([^:]*):(.*)$')
  return tonumber(band), language, owner
end

local function split_lane(lane)
  local band, owner = string.match(lane, '^(%d+):(.*)$')
  return tonumber(band), owner
end

local function languages_of(lane)
  return queue .. ':lines:' .. lane
end

local function entries_of(line)
  return queue .. ':line:' .. line
end

local function cell_of(band, held, language)
  return band .. ':' .. held .. ':' .. language
end

local function heads_of(cell)
  return queue .. ':heads:' .. cell
end

local function held_by(owner)
  return tonumber(redis.call('HGET', used, owner) or 0)
end

-- Returns the line of an execution and the group of its slot, or nil.
local function find(execution)
  local entry = redis.call('HGET', entries, execution)
  if entry then
    local group, line = string.match(entry, '^([^:]*):(.*)$')
    return line, group
  end
end

local function waits_since(lane, created)
  local turn = redis.call('ZSCORE', turns, lane)
  return turn and tonumber(turn) > tonumber(created) and turn or created
end

local function remove_head(cell, owner)
  redis.call('ZREM', heads_of(cell), owner)
  if redis.call('EXISTS', heads_of(cell)) == 0 then
    redis.call('ZREM', cells, cell)
  end
end

-- Call this after every change to a line.
local function update_head(line)
  local band, language, owner = split_line(line)
  local lane, held = lane_of(band, owner), held_by(owner)
  local cell = cell_of(band, held, language)
  local first = redis.call('ZRANGE', entries_of(line), 0, 0, 'WITHSCORES')
  if first[1] then
    redis.call('ZADD', heads_of(cell), waits_since(lane, first[2]), owner)
    redis.call('ZADD', cells, held, cell)
  else
    remove_head(cell, owner)
    redis.call('SREM', languages_of(lane), language)
    if redis.call('EXISTS', languages_of(lane)) == 0 then
      redis.call('ZREM', turns, lane)
    end
  end
end

local function line_up(execution, line, created, rank)
  local band, language, owner = split_line(line)
  redis.call('ZADD', queue, rank, execution)
  redis.call('ZADD', entries_of(line), created, execution)
  redis.call('SADD', languages_of(lane_of(band, owner)), language)
end

local function unqueue(execution, line)
  if redis.call('ZREM', queue, execution) == 1 then
    redis.call('ZREM', entries_of(line), execution)
    update_head(line)
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
    for _, language in ipairs(redis.call('SMEMBERS', languages_of(lane_of(band, owner)))) do
      remove_head(cell_of(band, before, language), owner)
      update_head(line_of(band, language, owner))
    end
  end
end

-- Records that the lane of a line took or released a slot.
local function turn(line, change, now)
  local band, _, owner = split_line(line)
  local lane = lane_of(band, owner)
  if redis.call('EXISTS', languages_of(lane)) == 1 then
    redis.call('ZADD', turns, now, lane)
  end
  count_slots(owner, change)
end

-- Records that a slot of the group was taken or released.
local function count_group(group, change)
  if group ~= '' and redis.call('HINCRBY', groups, group, change) <= 0 then
    redis.call('HDEL', groups, group)
  end
end

local function record(execution, line, group)
  redis.call('HSET', entries, execution, group .. ':' .. line)
  count_group(group, 1)
end

local function occupy(execution, line, group, now)
  redis.call('ZADD', slots, now, execution)
  if group ~= '' then
    record(execution, line, group)
  end
  turn(line, 1, now)
end

-- The order: the lowest effective band, then the fewest slots, then the longest wait. The band
-- itself and the owner only break ties.
local function place_of(band, held, since, owner, now, ageing)
  local waited = math.max(0, now - since)
  return {band - math.floor(waited / ageing), held, since, band, owner}
end

-- Between two languages of one owner, what was created first precedes.
local function is_older(line, other)
  local first = redis.call('ZRANGE', entries_of(line), 0, 0, 'WITHSCORES')
  local second = redis.call('ZRANGE', entries_of(other), 0, 0, 'WITHSCORES')
  if first[2] ~= second[2] then
    return tonumber(first[2]) < tonumber(second[2])
  end
  return first[1] < second[1]
end

local function is_before(place, line, other, other_line)
  for i, value in ipairs(place) do
    if value ~= other[i] then
      return value < other[i]
    end
  end
  return is_older(line, other_line)
end

-- As in app/domain/versions.py: whether an offered language runs programs for the wanted one. Keys
-- are <name>-<version>, so the name is in their first part.
local function stands_for(offered, wanted)
  local one, minor = string.match(offered, '^([^.]*)%.?([^.]*)')
  local other, other_minor = string.match(wanted, '^([^.]*)%.?([^.]*)')
  return one == other and (minor == other_minor or minor == '' or other_minor == '')
end

local function all_offered(needed, offers)
  for language in string.gmatch(needed, '[^ ]+') do
    if not offers[language] then
      return false
    end
  end
  return true
end

local function one_stands_for(wanted, offers)
  for language in pairs(offers) do
    if stands_for(language, wanted) then
      return true
    end
  end
  return false
end

local function all_run(needed, offers)
  for language in string.gmatch(needed, '[^ ]+') do
    if not one_stands_for(language, offers) then
      return false
    end
  end
  return true
end

-- As in app/domain/hosts.py: returns the groups that run what needs these languages. Those with the
-- very versions, if there are any; otherwise those with versions that stand for them.
local function able(room, needed)
  for _, runs in ipairs({all_offered, all_run}) do
    local found = {}
    for _, group in ipairs(room) do
      if group.size > 0 and runs(needed, group.offers) then
        found[#found + 1] = group
      end
    end
    if found[1] then
      return found
    end
  end
  return {}
end

-- Returns the first group with a free slot for what needs these languages, or nil. One operation
-- asks for each free slot again, and what is able doesn't change meanwhile.
local function group_for(room, needed)
  if room.alike then
    return room[1]
  end
  room.able[needed] = room.able[needed] or able(room, needed)
  for _, group in ipairs(room.able[needed]) do
    if group.free > 0 then
      return group
    end
  end
end

-- Returns the line whose turn it is and the group that has a slot for it. Nil if no owner below the
-- cap has an entry for which a slot is free.
local function next_in_turn(room, per_owner, now, ageing)
  local first, first_line, first_group
  for _, cell in ipairs(redis.call('ZRANGEBYSCORE', cells, 0, '(' .. per_owner)) do
    local band, held, language = string.match(cell, '^(%d+):(%d+):(.*)$')
    local group = group_for(room, language)
    if group then
      local head = redis.call('ZRANGE', heads_of(cell), 0, 0, 'WITHSCORES')
      local owner, since = head[1], tonumber(head[2])
      local place = place_of(tonumber(band), tonumber(held), since, owner, now, ageing)
      local line = line_of(band, language, owner)
      if not first or is_before(place, line, first, first_line) then
        first, first_line, first_group = place, line, group
      end
    end
  end
  return first_line, first_group
end

-- Returns how much is free where. Slots of groups that are not known count in each: nobody knows
-- whose they are until the sweep has found out.
local function room_in(total, known)
  local held = redis.call('ZCARD', slots)
  if known == '' then
    return {alike = true, {name = '', free = tonumber(total) - held}}
  end
  local room = {able = {}}
  for i, each in ipairs(cjson.decode(known)) do
    local name, size, languages = unpack(each)
    local offers = {}
    for _, language in ipairs(languages) do
      offers[language] = true
    end
    local taken = tonumber(redis.call('HGET', groups, name) or 0)
    held = held - taken
    room[i] = {name = name, size = size, free = size - taken, offers = offers}
  end
  for _, group in ipairs(room) do
    group.free = group.free - held
  end
  return room
end

local function has_room(room)
  for _, group in ipairs(room) do
    if group.free > 0 then
      return true
    end
  end
  return false
end

-- Treats times in the future as now. They mean that a clock was set back, and such entries would
-- wait behind all others until the clock has caught up.
local function mend_times(now, ageing)
  for _ = 1, MENDED_AT_ONCE do
    local last = redis.call('ZRANGE', queue, -1, -1, 'WITHSCORES')
    if not last[1] or tonumber(last[2]) <= now + BANDS * ageing then
      break
    end
    local line = find(last[1])
    local rank = now + split_line(line) * ageing
    line_up(last[1], line, string.format('%.0f', now), string.format('%.0f', rank))
    update_head(line)
  end
  for _ = 1, MENDED_AT_ONCE do
    local last = redis.call('ZRANGE', turns, -1, -1, 'WITHSCORES')
    if not last[1] or tonumber(last[2]) <= now + ageing then
      break
    end
    redis.call('ZADD', turns, string.format('%.0f', now), last[1])
    local band, owner = split_lane(last[1])
    for _, language in ipairs(redis.call('SMEMBERS', languages_of(last[1]))) do
      update_head(line_of(band, language, owner))
    end
  end
end

local operations = {}

-- enter (execution line created rank)...
function operations.enter(...)
  local arguments = {...}
  local touched = {}
  for i = 1, #arguments, 4 do
    local execution, line, created, rank = unpack(arguments, i, i + 3)
    if redis.call('HSETNX', entries, execution, ':' .. line) == 1 then
      line_up(execution, line, created, rank)
      touched[line] = true
    end
  end
  for line in pairs(touched) do
    update_head(line)
  end
end

-- leave execution now
function operations.leave(execution, now)
  local line, group = find(execution)
  if not line then
    return
  end
  redis.call('HDEL', entries, execution)
  unqueue(execution, line)
  if redis.call('ZREM', slots, execution) == 1 then
    count_group(group, -1)
    turn(line, -1, now)
  end
end

-- take total groups per_owner now ageing limit (execution that leaves before, or '') (execution line
-- created rank of one that enters before)? The groups are a JSON array of [name, slots, languages],
-- in the order in which they are used, or '' if all slots are alike.
function operations.take(total, known, per_owner, now, ageing, limit, leaving, ...)
  operations.enter(...)
  if leaving ~= '' then
    operations.leave(leaving, now)
  end
  local taken = {}
  if redis.call('EXISTS', ready) == 0 then
    return taken
  end
  mend_times(tonumber(now), tonumber(ageing))
  local room = room_in(total, known)
  while #taken < tonumber(limit) and has_room(room) do
    local line, group = next_in_turn(room, per_owner, tonumber(now), tonumber(ageing))
    if not line then
      break
    end
    local execution = redis.call('ZRANGE', entries_of(line), 0, 0)[1]
    unqueue(execution, line)
    occupy(execution, line, group.name, now)
    group.free = group.free - 1
    taken[#taken + 1] = execution
  end
  return taken
end

-- hold execution line group now
function operations.hold(execution, line, group, now)
  if redis.call('ZSCORE', slots, execution) then
    local known, before = find(execution)
    count_group(before, -1)
    record(execution, known, group)
    return
  end
  redis.call('HSET', entries, execution, ':' .. line)
  unqueue(execution, line)
  occupy(execution, line, group, now)
end

-- group execution
function operations.group(execution)
  local _, group = find(execution)
  return group
end

-- strays limit group...: up to so many executions whose slots are of none of these groups.
function operations.strays(limit, ...)
  local known, count = {}, redis.call('ZCARD', slots)
  for _, group in ipairs({...}) do
    known[group] = true
    count = count - tonumber(redis.call('HGET', groups, group) or 0)
  end
  local found = {}
  if count == 0 then
    return found
  end
  for _, execution in ipairs(redis.call('ZRANGE', slots, 0, -1)) do
    local _, group = find(execution)
    if not known[group] then
      found[#found + 1] = execution
      if #found == math.min(count, tonumber(limit)) then
        break
      end
    end
  end
  return found
end

-- position execution. An upper bound: the entries with a better rank; or, as lanes take turns, the
-- entries up to it in its own lane times the number of heads, if that is less.
function operations.position(execution)
  local rank = redis.call('ZRANK', queue, execution)
  if not rank then
    return
  end
  local band, own, owner = split_line(find(execution))
  local created = redis.call('ZSCORE', entries_of(line_of(band, own, owner)), execution)
  local before = 0
  for _, language in ipairs(redis.call('SMEMBERS', languages_of(lane_of(band, owner)))) do
    local line = entries_of(line_of(band, language, owner))
    before = before + redis.call('ZCOUNT', line, '-inf', '(' .. created)
    for _, other in ipairs(redis.call('ZRANGEBYSCORE', line, created, created)) do
      before = before + (other < execution and 1 or 0)
    end
  end
  local heads = 0
  for _, cell in ipairs(redis.call('ZRANGE', cells, 0, -1)) do
    heads = heads + redis.call('ZCARD', heads_of(cell))
  end
  return math.min(rank + 1, (before + 1) * heads)
end

-- lengths limit. The owners and lengths of up to so many lines, those whose heads wait longest first.
function operations.lengths(limit)
  local found = {}
  for _, cell in ipairs(redis.call('ZRANGE', cells, 0, -1)) do
    local band, _, language = string.match(cell, '^(%d+):(%d+):(.*)$')
    local left = tonumber(limit) - #found / 2
    if left <= 0 then
      break
    end
    for _, owner in ipairs(redis.call('ZRANGE', heads_of(cell), 0, left - 1)) do
      found[#found + 1] = owner
      found[#found + 1] = redis.call('ZCARD', entries_of(line_of(band, language, owner)))
    end
  end
  return found
end

-- clear
function operations.clear()
  for _, cell in ipairs(redis.call('ZRANGE', cells, 0, -1)) do
    local band, _, language = string.match(cell, '^(%d+):(%d+):(.*)$')
    for _, owner in ipairs(redis.call('ZRANGE', heads_of(cell), 0, -1)) do
      redis.call('UNLINK', entries_of(line_of(band, language, owner)))
      redis.call('UNLINK', languages_of(lane_of(band, owner)))
    end
    redis.call('UNLINK', heads_of(cell))
  end
  redis.call('UNLINK', unpack(KEYS))
end

return operations[ARGV[1]](unpack(ARGV, 2))
