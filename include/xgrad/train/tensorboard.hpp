// Event files that TensorBoard shows: the curves of a run while it is under way.
//
// A file is a row of records: the length (8 bytes), a checksum of it, the data, a checksum of them, all little-endian;
// the checksum is CRC-32C, rotated and shifted by a constant. The data are protocol buffers of the type Event. Google,
// TensorFlow: tensorflow/core/lib/io/record_writer.h, tensorflow/core/util/event.proto,
// tensorflow/core/framework/summary.proto.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/file.hpp>
#include <xgrad/core/little_endian.hpp>
#include <xgrad/train/append_file.hpp>
#include <xgrad/train/named_value.hpp>

#include <bit>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace xgrad::inline XGRAD_ABI::train {

namespace detail {

using xgrad::detail::append_little_endian;

/// CRC-32C: the polynomial 0x1EDC6F41, bits reversed. G. Castagnoli et al., "Optimization of cyclic redundancy-check
/// codes with 24 and 32 parity bits", 1993.
inline std::uint32_t crc32c(std::string_view bytes) {
    auto crc = ~std::uint32_t{0};
    for (const auto c : bytes) {
        crc ^= static_cast<unsigned char>(c);
        for (auto bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (0x82f63b78u & (0u - (crc & 1)));
    }
    return ~crc;
}

/// Length, data and their checksums.
inline std::string record_of(std::string_view data) {
    const auto append_checksum = [](std::string& to, std::string_view bytes) {
        append_little_endian(to, std::rotr(crc32c(bytes), 15) + std::uint32_t{0xa282ead8}, 4);
    };
    auto record = std::string{};
    append_little_endian(record, data.size(), 8);
    append_checksum(record, record);
    record += data;
    append_checksum(record, data);
    return record;
}

/// A message of protocol buffers. A field is its number and its kind (0 an integer of variable length, 1 eight bytes, 2
/// a length and bytes, 5 four bytes), then its value. https://protobuf.dev/programming-guides/encoding
class message {
public:
    message& number(unsigned field, std::uint64_t value) {
        tag(field, 0);
        variable(value);
        return *this;
    }
    message& real(unsigned field, double value) {
        tag(field, 1);
        append_little_endian(m_bytes, std::bit_cast<std::uint64_t>(value), 8);
        return *this;
    }
    message& real(unsigned field, float value) {
        tag(field, 5);
        append_little_endian(m_bytes, std::bit_cast<std::uint32_t>(value), 4);
        return *this;
    }
    message& bytes(unsigned field, std::string_view value) {
        tag(field, 2);
        variable(value.size());
        m_bytes += value;
        return *this;
    }

    const std::string& text() const noexcept { return m_bytes; }

private:
    void tag(unsigned field, unsigned kind) { variable(field << 3 | kind); }
    void variable(std::uint64_t value) {
        for (; value > 127; value >>= 7) m_bytes += static_cast<char>((value & 127) | 128);
        m_bytes += static_cast<char>(value);
    }

    std::string m_bytes;
};

}  // namespace detail

/// Writes a new event file into a folder: `tensorboard --logdir FOLDER` shows it.
///
///     auto board = train::tensorboard{"runs"};
///     board.add(step, {{"loss", loss.item()}});
class tensorboard {
public:
    /// The folder must be there. Throws `io_error`.
    XGRAD_COLD explicit tensorboard(const std::string& folder) {
        const auto now =
            std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
                .count();
        const auto path_of = [&](int attempt) {
            const auto fraction = std::to_string((now + attempt) % 1000000);
            return xgrad::detail::path_in(folder, "events.out.tfevents." + std::to_string(now / 1000000) + "." +
                                                      std::string(6 - fraction.size(), '0') + fraction + ".xgrad");
        };
        for (auto attempt = 0; !m_file.open(path_of(attempt), "wbx"); ++attempt)
            if (errno != EEXIST || attempt == 99) m_file.fail();
        write(detail::message{}.real(1, seconds()).bytes(3, "brain.Event:2").text());
    }

    const std::string& path() const noexcept { return m_file.path(); }

    /// The values of a step. Throws `io_error`.
    void add(std::int64_t step, const named_values& values) {
        auto summary = detail::message{};
        for (const auto& [name, value] : values)
            summary.bytes(1, detail::message{}.bytes(1, name).real(2, static_cast<float>(value)).text());
        write(detail::message{}
                  .real(1, seconds())
                  .number(2, static_cast<std::uint64_t>(step))
                  .bytes(5, summary.text())
                  .text());
    }

private:
    static double seconds() {
        return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    }

    void write(const std::string& event) { m_file.append(detail::record_of(event)); }

    detail::append_file m_file{"tensorboard"};
};

}  // namespace xgrad::train
