-- Asks for each path of the file MANY in turn with the key behind it: `path<tab>key` a line.
dofile(os.getenv("BENCH_LOAD"))

local requests, at = {}, 0

local function prepare()
   for line in io.lines(os.getenv("MANY")) do
      local path, key = line:match("^(%S+)\t(%S+)$")
      table.insert(requests, wrk.format("GET", path, { ["Authorization"] = "Bearer " .. key }))
   end
end

function request()
   if #requests == 0 then prepare() end
   at = at % #requests + 1
   return requests[at]
end
