// Sound in WAV files.
//
// RIFF: chunks of a name, a length and that many bytes, padded to an even number. IBM and Microsoft, "Multimedia
// programming interface and data specifications 1.0", 1991; the extensible header is Microsoft's WAVEFORMATEXTENSIBLE.
#pragma once

#include <xgrad/autograd/record.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/file.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::data {

/// samples: (channels, frames), and the frames of a second.
template <real T>
struct sound {
    tensor<T, 2> samples;
    std::uint32_t rate = 0;
};

namespace detail {

/// The number that bytes spell, least significant first.
inline std::uint64_t from_little_endian(const std::uint8_t* bytes, std::size_t count) {
    auto number = std::uint64_t{0};
    for (auto i = count; i-- > 0;) number = number << 8 | bytes[i];
    return number;
}

/// A WAV file up to its samples, which come next.
class wav_file {
public:
    XGRAD_COLD explicit wav_file(const std::string& path) : m_file{"wav", path} {
        auto head = std::array<std::uint8_t, 12>{};
        if (m_file.size() < head.size()) m_file.fail("is no WAV file: it has ", m_file.size(), " bytes");
        m_file.read(head.data(), head.size());
        if (name(head.data()) == "RF64" || name(head.data()) == "RIFX")
            m_file.fail("is ", name(head.data()), ", which is not read; convert it to RIFF");
        if (name(head.data()) != "RIFF" || name(head.data() + 8) != "WAVE")
            m_file.fail("is no WAV file: it must begin with RIFF, a length, WAVE");
        m_at = head.size();
        // The lengths are written last: a recording that was broken off has none. A format alone has 24 bytes.
        find_samples(from_little_endian(head.data() + 4, 4) < 24);
    }

    std::uint16_t channels = 0;
    std::uint32_t rate = 0;
    std::size_t sample_bytes = 0;   // of one channel
    bool is_real = false;
    std::size_t frames = 0;

    void read(std::uint8_t* to, std::size_t bytes) { m_file.read(to, bytes); }

private:
    static constexpr auto streamed = std::uint64_t{0xffffffff};   // the length where the writer could not tell

    static std::string_view name(const std::uint8_t* bytes) { return {reinterpret_cast<const char*>(bytes), 4}; }

    /// Through the chunks to that of the samples, the format's coming before it.
    void find_samples(bool broken_off) {
        while (m_file.size() - m_at >= 8) {
            auto head = std::array<std::uint8_t, 8>{};
            m_file.seek(m_at);
            m_file.read(head.data(), head.size());
            m_at += head.size();
            const auto length = from_little_endian(head.data() + 4, 4), left = m_file.size() - m_at;
            const auto is_data = name(head.data()) == "data";
            const auto to_the_end = is_data && (length == streamed || (length == 0 && broken_off));
            if (length > left && !to_the_end)
                m_file.fail("is cut short: chunk ", printable(head.data()), " would have ", length, " bytes, and ",
                            left, " are there");
            if (is_data) return begin_samples(to_the_end ? left : length, to_the_end);
            if (name(head.data()) == "fmt ") read_format(static_cast<std::size_t>(length));
            m_at += length + length % 2;
            if (m_at > m_file.size()) break;   // the last byte, of padding, is often left out
        }
        m_file.fail("has no samples: there is no chunk data");
    }

    static std::string printable(const std::uint8_t* bytes) {
        auto text = std::string{name(bytes)};
        for (auto& c : text)
            if (c < ' ' || c > '~') c = '?';
        return text;
    }

    void read_format(std::size_t length) {
        auto format = std::array<std::uint8_t, 40>{};
        if (length < 16) m_file.fail("its format has ", length, " bytes; at least 16");
        m_file.read(format.data(), length < format.size() ? length : format.size());
        auto code = from_little_endian(format.data(), 2);
        constexpr auto extensible = 0xfffe;
        if (code == extensible) {
            if (length < format.size()) m_file.fail("its extensible format has ", length, " bytes; at least 40");
            code = from_little_endian(format.data() + 24, 2);
        }
        channels = static_cast<std::uint16_t>(from_little_endian(format.data() + 2, 2));
        rate = static_cast<std::uint32_t>(from_little_endian(format.data() + 4, 4));
        const auto frame_bytes = from_little_endian(format.data() + 12, 2),
                   bits = from_little_endian(format.data() + 14, 2);
        if (code != 1 && code != 3) m_file.fail("is compressed (format ", code, "); PCM and IEEE floats are read");
        is_real = code == 3;
        if (channels == 0 || rate == 0)
            m_file.fail("its format has ", channels, " channels, ", rate, " frames a second");
        sample_bytes = static_cast<std::size_t>(frame_bytes / channels);
        const auto right_size = is_real ? bits == 8 * sample_bytes && (sample_bytes == 4 || sample_bytes == 8)
                                        : bits != 0 && bits <= 8 * sample_bytes && sample_bytes <= 4;
        if (frame_bytes % channels != 0 || !right_size)
            m_file.fail("its format has ", bits, " bits in frames of ", frame_bytes, " bytes, of ", channels,
                        " channels, which is not read");
    }

    void begin_samples(std::uint64_t bytes, bool to_the_end) {
        if (sample_bytes == 0) m_file.fail("has samples before their format");
        const auto frame_bytes = sample_bytes * channels;
        if (bytes % frame_bytes != 0 && !to_the_end)
            m_file.fail("is cut short: ", bytes, " bytes of samples are no whole frames of ", frame_bytes);
        frames = static_cast<std::size_t>(bytes / frame_bytes);
    }

    xgrad::detail::input_file m_file;
    std::uint64_t m_at = 0;
};

/// A sample in [-1, 1]: of integers, the part of the largest; eight bits are counted from 128.
template <real T>
T as_sample(const std::uint8_t* bytes, std::size_t count, bool is_real) {
    const auto number = from_little_endian(bytes, count);
    if (is_real)
        return count == 4 ? static_cast<T>(std::bit_cast<float>(static_cast<std::uint32_t>(number)))
                          : static_cast<T>(std::bit_cast<double>(number));
    if (count == 1) return (static_cast<T>(number) - 128) / 128;
    const auto shift = 64 - 8 * count;
    return static_cast<T>(static_cast<double>(static_cast<std::int64_t>(number << shift)) * 0x1p-63);
}

}  // namespace detail

/// A sound: PCM of 8 to 32 bits and IEEE floats, with the plain or the extensible header. Integers become numbers in
/// [-1, 1], where 1 is what a `float` makes of the largest of 32 bits. One that was broken off before its lengths were written
/// is read to its end. Throws `io_error` when the file cannot be read, is no such file, or is cut short.
template <real T = float>
sound<T> read_wav(const std::string& path) {
    auto file = detail::wav_file{path};
    auto samples = xgrad::detail::make_result<T>({file.channels, file.frames});
    auto* const to = xgrad::detail::access::elements(samples);
    auto frame = std::vector<std::uint8_t>(file.sample_bytes * file.channels);
    for (auto i = std::size_t{0}; i < file.frames; ++i) {
        file.read(frame.data(), frame.size());
        for (auto c = std::size_t{0}; c < file.channels; ++c)
            to[c * file.frames + i] =
                detail::as_sample<T>(frame.data() + c * file.sample_bytes, file.sample_bytes, file.is_real);
    }
    return {xgrad::detail::with_rank<2>(std::move(samples)), file.rate};
}

}  // namespace xgrad::data
