-- Claims due timers: puts each behind a lease and returns them, so that a killed claimant's come due again.
-- KEYS: due (sorted set, id by seconds of fire_at), epoch (until when it is filled; missing after a wipe)
-- ARGV: now (PostgreSQL's clock in seconds; Redis's own is never asked), lease in seconds, limit
-- Returns: claimed ids, the lowest score left as text ('' when empty), the epoch ('' when missing)
local ids = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[3])
if #ids > 0 then
  local leased = string.format('%.6f', tonumber(ARGV[1]) + tonumber(ARGV[2]))
  local moved = {}
  for _, id in ipairs(ids) do
    moved[#moved + 1] = leased
    moved[#moved + 1] = id
  end
  redis.call('ZADD', KEYS[1], 'XX', unpack(moved))
end
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
return {ids, first[2] or '', redis.call('GET', KEYS[2]) or ''}
