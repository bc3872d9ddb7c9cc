#include <doctest/doctest.h>

#include <xgrad/core/error.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/data/wav.hpp>

#include <support/temporary_folder.hpp>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace xg = xgrad;
namespace data = xgrad::data;
using namespace std::string_literals;

namespace {

const auto folder = temporary_folder{};

std::string number(std::uint64_t value, std::size_t bytes) {
    auto text = std::string{};
    for (auto i = std::size_t{0}; i < bytes; ++i) text += static_cast<char>(value >> 8 * i & 255);
    return text;
}
std::string chunk(const std::string& name, const std::string& bytes, std::uint64_t length) { return name + number(length, 4) + bytes + (length % 2 == 1 && length < 1000 ? "\0"s : ""s); }
std::string chunk(const std::string& name, const std::string& bytes) { return chunk(name, bytes, bytes.size()); }
std::string format(unsigned code, unsigned channels, unsigned bits, unsigned sample_bytes, const std::string& more = "") {
    const auto frame = channels * sample_bytes;
    return chunk("fmt ", number(code, 2) + number(channels, 2) + number(16000, 4) + number(16000 * frame, 4) + number(frame, 2) + number(bits, 2) + more);
}
std::string riff(const std::string& chunks) { return "RIFF" + number(chunks.size() + 4, 4) + "WAVE" + chunks; }

template <class T = float>
data::sound<T> sound(const std::string& bytes) {
    return data::read_wav<T>(folder.write("s.wav", bytes));
}
template <class T = float>
std::vector<double> samples(const std::string& bytes) {
    const auto s = sound<T>(bytes).samples;
    return {s.begin(), s.end()};
}
template <class T>
std::string bits_of(T value) {
    auto bytes = std::string(sizeof value, ' ');
    std::memcpy(bytes.data(), &value, sizeof value);
    return bytes;
}

}  // namespace

TEST_CASE("integers of all widths, and floats") {
    const auto two = sound(riff(format(1, 2, 16, 2) + chunk("data", "\x00\x80\xff\x7f\x00\x40\x00\x00"s)));
    CHECK(two.rate == 16000);
    CHECK(two.samples.shape() == xg::shape{2, 2});
    CHECK(two.samples(0, 0) == -1);
    CHECK(two.samples(0, 1) == 0.5f);
    CHECK(two.samples(1, 0) == 32767 / 32768.0f);
    CHECK(samples(riff(format(1, 1, 8, 1) + chunk("data", "\x00\x80\xc0"s))) == std::vector{-1.0, 0.0, 0.5});
    CHECK(samples(riff(format(1, 1, 24, 3) + chunk("data", "\x00\x00\x80\x00\x00\x40\xff\xff\xff"s))) == std::vector{-1.0, 0.5, -0x1p-23});
    CHECK(samples(riff(format(1, 1, 32, 4) + chunk("data", "\x00\x00\x00\x80\x00\x00\x00\x20"s))) == std::vector{-1.0, 0.25});
    CHECK(samples(riff(format(1, 1, 12, 2) + chunk("data", "\x00\x40"s))) == std::vector{0.5});
    CHECK(samples(riff(format(3, 1, 32, 4) + chunk("data", bits_of(0.25f) + bits_of(-2.0f)))) == std::vector{0.25, -2.0});
    CHECK(samples<double>(riff(format(3, 1, 64, 8) + chunk("data", bits_of(0.1)))) == std::vector{0.1});
}

TEST_CASE("odd chunks, an extensible header, and lengths that nobody knew") {
    const auto body = chunk("data", "\x00\x40"s);
    CHECK(samples(riff(chunk("LIST", "abc") + format(1, 1, 16, 2) + chunk("fact", "12345") + body)) == std::vector{0.5});
    const auto guid = number(22, 2) + number(24, 2) + number(4, 4) + number(1, 2) + std::string(14, 'g');
    CHECK(samples(riff(format(0xfffe, 1, 24, 3, guid) + chunk("data", "\x00\x00\x40"s))) == std::vector{0.5});
    const auto real_guid = number(22, 2) + number(32, 2) + number(4, 4) + number(3, 2) + std::string(14, 'g');
    CHECK(samples(riff(format(0xfffe, 1, 32, 4, real_guid) + chunk("data", bits_of(0.75f)))) == std::vector{0.75});
    CHECK(samples(riff(format(1, 1, 16, 2) + chunk("data", "\x00\x40\x00\x20"s, 0xffffffff))) == std::vector{0.5, 0.25});
    CHECK(samples(riff(format(1, 1, 16, 2) + chunk("data", "\x00\x40\x00"s, 0xffffffff))) == std::vector{0.5});   // a frame not finished
    // Of a recording that was broken off, in which no length is written; none of one that says that it has no samples.
    const auto broken_off = format(1, 1, 16, 2) + "data" + number(0, 4) + "\x00\x40\x00\x20"s;
    CHECK(samples("RIFF" + number(0, 4) + "WAVE" + broken_off) == std::vector{0.5, 0.25});
    CHECK(samples("RIFF" + number(8, 4) + "WAVE" + broken_off) == std::vector{0.5, 0.25});
    CHECK(samples(riff(format(1, 1, 16, 2) + chunk("data", "") + chunk("LIST", "abcd"))).empty());
    CHECK(samples("RIFF\xff\xff\xff\xffWAVE" + format(1, 1, 16, 2) + body) == std::vector{0.5});
    CHECK(samples(riff(format(1, 1, 8, 1) + "data" + number(1, 4) + "\xc0")) == std::vector{0.5});   // no byte of padding
    CHECK(samples(riff(format(1, 1, 16, 2) + body + chunk("LIST", "abc"))) == std::vector{0.5});
    CHECK(sound(riff(format(1, 3, 16, 2) + chunk("data", ""))).samples.shape() == xg::shape{3, 0});
}

TEST_CASE("what is no sound, or cut short") {
    const auto body = chunk("data", "\x00\x40"s), good = format(1, 1, 16, 2);
    for (const auto& bytes : {""s, "RIFF"s, "RIFX" + number(4, 4) + "WAVE", "RF64" + number(4, 4) + "WAVE", "RIFF" + number(4, 4) + "AVI ", riff(""), riff(good), riff(body), riff(body + good),
                              riff(good + chunk("data", "\x00\x40"s, 4)), riff(good + chunk("data", "\x00"s)), riff(chunk("LIST", "abc", 0xffffffff) + good + body),
                              riff(format(1, 0, 16, 2) + body), riff(format(2, 1, 4, 1) + body), riff(format(7, 1, 8, 1) + body), riff(format(1, 1, 16, 1) + body),
                              riff(format(1, 1, 0, 2) + body), riff(format(3, 1, 16, 2) + body), riff(format(1, 1, 40, 5) + body), riff(format(1, 1, 64, 8) + body),
                              riff(format(0xfffe, 1, 16, 2) + body), riff(chunk("fmt ", "short") + body), riff(good).substr(0, 30), riff(good + body).substr(0, 40)})
        CHECK_THROWS_AS(sound(bytes), xg::io_error);
}
