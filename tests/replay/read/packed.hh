// Octets as gzip and zstd pack them.
#pragma once

#include <zlib.h>
#include <zstd.h>

#include <catch2/catch.hpp>
#include <cstdint>
#include <memory>
#include <vector>

namespace hanglab::replay {

using Packed = std::vector<std::uint8_t>;

inline Packed gzipped(const Packed& bytes) {
  z_stream state{};
  REQUIRE(deflateInit2(&state, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  Packed packed(deflateBound(&state, bytes.size()));
  Packed input = bytes;
  state.next_in = input.data();
  state.avail_in = static_cast<uInt>(input.size());
  state.next_out = packed.data();
  state.avail_out = static_cast<uInt>(packed.size());
  REQUIRE(deflate(&state, Z_FINISH) == Z_STREAM_END);
  packed.resize(state.total_out);
  deflateEnd(&state);
  return packed;
}

inline Packed zstd_packed(const Packed& bytes) {
  Packed packed(ZSTD_compressBound(bytes.size()));
  const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(), &ZSTD_freeCCtx);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);  // as the program zstd does
  packed.resize(ZSTD_compress2(context.get(), packed.data(), packed.size(), bytes.data(), bytes.size()));
  return packed;
}

}  // namespace hanglab::replay
