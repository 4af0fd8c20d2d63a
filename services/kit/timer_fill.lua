-- Lets one replica at a time fill the index, and notices that Redis was wiped while it did.
-- KEYS: filling (whose turn it is), epoch (until when the index is filled, in seconds)
-- ARGV: act (take, keep or done), the caller's token, how long its turn lasts in milliseconds, until
-- Returns: 1 where the turn is the caller's, 0 where it is another's or was wiped
if ARGV[1] == 'take' then
  return redis.call('SET', KEYS[1], ARGV[2], 'NX', 'PX', ARGV[3]) and 1 or 0
end
if redis.call('GET', KEYS[1]) ~= ARGV[2] then
  return 0
end
if ARGV[1] == 'keep' then
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
else
  redis.call('SET', KEYS[2], ARGV[4])
  redis.call('DEL', KEYS[1])
end
return 1
