// The IDX format, in which MNIST and its relatives come.
//
// Two zero bytes, a byte for the element type, a byte for the number of axes, the sizes as 32-bit numbers,
// then the elements, all big-endian. Y. LeCun, C. Cortes and C. Burges, "The MNIST database of handwritten
// digits".
#pragma once

#include <xgrad/autograd/record.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/file.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/shape.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>

namespace xgrad::inline XGRAD_ABI::data {

namespace detail {

using xgrad::detail::input_file;

/// The number that `bytes` spell, most significant first.
template <class Number>
Number from_big_endian(const std::uint8_t* bytes) {
    using bits = std::conditional_t<sizeof(Number) == 1, std::uint8_t,
                 std::conditional_t<sizeof(Number) == 2, std::uint16_t,
                 std::conditional_t<sizeof(Number) == 4, std::uint32_t, std::uint64_t>>>;
    auto number = std::uint64_t{0};
    for (auto i = std::size_t{0}; i < sizeof(Number); ++i) number = number << 8 | bytes[i];
    return std::bit_cast<Number>(static_cast<bits>(number));
}

/// Calls f(std::type_identity<E>{}) for the element type E with this code, and tells whether there is one.
template <class F>
bool with_idx_type(std::uint8_t code, const F& f) {
    switch (code) {
        case 0x08: f(std::type_identity<std::uint8_t>{}); return true;
        case 0x09: f(std::type_identity<std::int8_t>{}); return true;
        case 0x0B: f(std::type_identity<std::int16_t>{}); return true;
        case 0x0C: f(std::type_identity<std::int32_t>{}); return true;
        case 0x0D: f(std::type_identity<float>{}); return true;
        case 0x0E: f(std::type_identity<double>{}); return true;
        default: return false;
    }
}

/// An IDX file whose header was found good; next come the elements.
struct idx_file {
    input_file file;
    std::uint8_t code = 0;
    shape sizes;

    XGRAD_ON_DEMAND XGRAD_COLD explicit idx_file(const std::string& path) : file{"idx", path} {
        auto magic = std::array<std::uint8_t, 4>{};
        if (file.size() < magic.size()) file.fail("is no IDX file: it has ", file.size(), " bytes");
        file.read(magic.data(), magic.size());
        if (magic[0] == 0x1f && magic[1] == 0x8b) file.fail("is compressed; unpack it first: gunzip ", path);
        code = magic[2];
        auto element_bytes = std::uint64_t{0};
        with_idx_type(code, [&]<class E>(std::type_identity<E>) { element_bytes = sizeof(E); });
        if (magic[0] != 0 || magic[1] != 0 || element_bytes == 0)
            file.fail("is no IDX file: it must begin with two zero bytes and the code of an element type");
        const auto rank = std::size_t{magic[3]};
        if (rank > max_rank) file.fail("has ", rank, " axes; at most ", max_rank, " can be read");
        if (file.size() < 4 + 4 * rank) file.fail("ends within its header");
        for (auto axis = std::size_t{0}; axis < rank; ++axis) {
            auto bytes = std::array<std::uint8_t, 4>{};
            file.read(bytes.data(), bytes.size());
            sizes.push_back(from_big_endian<std::uint32_t>(bytes.data()));
        }
        const auto present = file.size() - 4 - 4 * rank, most = present / element_bytes;
        const auto promised = xgrad::detail::elements_up_to(most, sizes);
        if (promised > most)
            file.fail("is cut short: ", present, " bytes of elements are too few for the shape ", sizes);
        if (promised * element_bytes != present)
            file.fail("goes on after its last element: ", present,
                      " bytes of elements are too many for the shape ", sizes);
    }
};

/// Whether a T can hold every E.
template <class E, class T>
inline constexpr bool holds_every = std::numeric_limits<E>::digits <= std::numeric_limits<T>::digits &&
                                    (std::is_signed_v<T> || !std::is_signed_v<E>) &&
                                    (std::is_floating_point_v<T> || !std::is_floating_point_v<E>);

template <class E, element T>
void read_elements(input_file& file, T* to, std::size_t count) {
    if constexpr (std::is_same_v<E, T> && sizeof(E) == 1) return file.read(to, count);
    constexpr auto chunk = std::size_t{16384};
    const auto bytes = memory::scratch<std::uint8_t>{std::min(chunk, count) * sizeof(E)};
    while (count != 0) {
        const auto now = std::min(chunk, count);
        file.read(bytes.data(), now * sizeof(E));
        for (auto i = std::size_t{0}; i < now; ++i)
            to[i] = static_cast<T>(from_big_endian<E>(bytes.data() + i * sizeof(E)));
        to += now;
        count -= now;
    }
}

}  // namespace detail

/// The contents of an IDX file. Throws `io_error` when it cannot be read, is no IDX file, or has fewer or more
/// elements than its header says; `dtype_error` when a T does not hold every number of the file's type.
template <element T>
tensor<T> read_idx(const std::string& path) {
    auto source = detail::idx_file{path};
    auto result = xgrad::detail::make_result<T>(source.sizes);
    detail::with_idx_type(source.code, [&]<class E>(std::type_identity<E>) {
        if constexpr (detail::holds_every<E, T>)
            detail::read_elements<E>(source.file, xgrad::detail::access::elements(result), result.size());
        else
            source.file.template fail<dtype_error>("holds ", dtype_name<E>(), "; a ", dtype_name<T>(),
                                                   " cannot hold every one");
    });
    return result;
}

}  // namespace xgrad::data
