#include <doctest/doctest.h>

#include <xgrad/core/error.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/data/csv.hpp>

#include <support/temporary_folder.hpp>
#include <support/what_is_said.hpp>

#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace xg = xgrad;
namespace data = xgrad::data;

namespace {

const auto folder = temporary_folder{};

data::csv_table table(const std::string& text, data::csv_options options = {}) {
    return data::read_csv(folder.write("t.csv", text), options);
}

/// The text of an error, without the folder.
template <class F>
std::string wrong(const F& f) {
    auto text = what_is_said(f);
    const auto path = folder.path("t.csv");
    if (const auto at = text.find(path); at != text.npos) text.replace(at, path.size(), "t.csv");
    return text;
}

}  // namespace

TEST_CASE("columns by name, as numbers, text and categories") {
    const auto t = table("species,mass,id\nAdelie,3750.5,9007199254740993\nGentoo,NA,-9223372036854775808\nAdelie,,9223372036854775807\n");
    CHECK(t.size() == 3);
    CHECK(t.names() == std::vector<std::string>{"species", "mass", "id"});
    const auto mass = t.column<float>("mass");
    CHECK(mass(0) == 3750.5f);
    CHECK(std::isnan(mass(1)));
    CHECK(std::isnan(mass(2)));
    const auto id = t.column<std::int64_t>("id");
    CHECK(id(0) == 9007199254740993);
    CHECK(id(1) == std::numeric_limits<std::int64_t>::min());
    CHECK(id(2) == std::numeric_limits<std::int64_t>::max());
    const auto [codes, names] = t.categories("species");
    CHECK(names == std::vector<std::string>{"Adelie", "Gentoo"});
    CHECK(codes(0) == 0);
    CHECK(codes(1) == 1);
    CHECK(t.categories("species", {"Gentoo", "Chinstrap", "Adelie"}).codes(0) == 2);
    CHECK(t.missing("mass")(1));
    CHECK_FALSE(t.missing("mass")(0));
    CHECK(t.without_missing().size() == 1);
    CHECK(t.without_missing({"species"}).size() == 3);
    CHECK(t.text("mass") == std::vector<std::string>{"3750.5", "NA", ""});
    const auto both = t.columns<double>({"id", "mass"});
    CHECK(both.shape() == xg::shape{3, 2});
    CHECK(both(0, 1) == 3750.5);
    CHECK(wrong([&] { t.column<float>("weight"); }) == "[read_csv] t.csv has no column weight");
    CHECK(wrong([&] { t.categories("species", {"Adelie"}); }) == "[read_csv] t.csv, line 3, column 1 (species): \"Gentoo\" is none of the known categories");
    CHECK(wrong([&] { t.column<std::int64_t>("mass"); }).starts_with("[read_csv] t.csv, line 2, column 2 (mass): \"3750.5\" is no int64"));
    CHECK(wrong([&] { t.column<std::int8_t>("id"); }).starts_with("[read_csv] t.csv, line 2"));
    CHECK(t.categories("mass").codes(1) == -1);
}

TEST_CASE("what stands for no value, with blanks about it, and numbers that do") {
    const auto t = table("a,b,b\n NA ,1,2\n3,4,\n5,6,7\n");
    CHECK(t.missing("a")(0));
    CHECK(t.categories("a").codes(0) == -1);
    CHECK(std::isnan(t.column<float>("a")(0)));
    CHECK(t.without_missing({"a"}).size() == 2);
    CHECK(t.without_missing().size() == 1);   // two columns of one name are looked at, too
    const auto coded = table("a,b\n-999,1\n\" -999\",2\n9,-999.0\n", {.missing = {"-999"}});
    CHECK(std::isnan(coded.column<double>("a")(0)));
    CHECK(std::isnan(coded.column<double>("a")(1)));
    CHECK(coded.column<double>("b")(2) == -999);
    CHECK(coded.without_missing().size() == 1);
    CHECK(wrong([&] { coded.column<int>("a"); }) == "[read_csv] t.csv, line 2, column 1 (a): \"-999\" is missing, which int32 cannot say; a float is NaN then");
}

TEST_CASE("quotes, line breaks within them, marks and ends of lines of all kinds") {
    for (const std::string end : {"\n", "\r\n", "\r"}) {
        const auto t = table("\xef\xbb\xbf" "a,\"b \"\"c\"\"\"" + end + "\"x,1\",\"two" + end + "lines\"" + end + end + "\"\",\"7\"" + end + "  " + end + end);
        CHECK(t.size() == 2);
        CHECK(t.names() == std::vector<std::string>{"a", "b \"c\""});
        CHECK(t.text("a") == std::vector<std::string>{"x,1", ""});
        CHECK(t.text("b \"c\"") == std::vector<std::string>{"two" + end + "lines", "7"});
        CHECK(wrong([&] { t.column<float>("b \"c\""); }).starts_with("[read_csv] t.csv, line 2, column 2"));
        const auto later = table("a,b" + end + "\"1" + end + end + "\",2" + end + "3,x" + end);
        CHECK(wrong([&] { later.column<float>("b"); }) == "[read_csv] t.csv, line 5, column 2 (b): \"x\" is no float32");
    }
    CHECK(table("a\n1").column<int>("a")(0) == 1);   // no end of line at the end
    CHECK(table("a,b\n1,").text("b") == std::vector<std::string>{""});
    CHECK(table("a;b\n1,5;2", {.delimiter = ';'}).size() == 1);
    CHECK(table("a\tb\n1\t2", {.delimiter = '\t'}).column<int>("b")(0) == 2);
    CHECK(table("1,2\n3,4", {.header = false}).column<int>("1")(1) == 4);
    CHECK(table("a,b\n").size() == 0);
    CHECK(table("a,b\n").columns<float>({"b", "a"}).shape() == xg::shape{0, 2});
    CHECK(table("a,b\nhe said \"no\",2").text("a")[0] == "he said \"no\"");
}

TEST_CASE("what is no table") {
    CHECK(wrong([] { table(""); }) == "[read_csv] t.csv: is empty");
    CHECK(wrong([] { table("\n\n"); }) == "[read_csv] t.csv: is empty");
    CHECK(wrong([] { table("a,b\n1,2\n\n3\n"); }) == "[read_csv] t.csv, line 4: 1 fields; there are 2 columns");
    CHECK(wrong([] { table("a,b\n1,2,3\n"); }) == "[read_csv] t.csv, line 2: 3 fields; there are 2 columns");
    CHECK(wrong([] { table("a,b\n1,2,\n"); }) == "[read_csv] t.csv, line 2: 3 fields; there are 2 columns");
    CHECK(wrong([] { table("a,b\n\"1,2\n3,4\n"); }).starts_with("[read_csv] t.csv, line 2: a quote is not closed"));
    CHECK(wrong([] { table("a,b\n\"1\"x,2\n"); }).starts_with("[read_csv] t.csv, line 2: a quote"));
    CHECK(wrong([] { table("\xff\xfe" "a"); }) == "[read_csv] t.csv: is UTF-16; convert it to UTF-8 first");
    CHECK(wrong([] { table("a,a\n1,2").column<int>("a"); }) == "[read_csv] t.csv has more than one column a");
    CHECK_THROWS_AS(data::read_csv(folder.path("none.csv")), xg::io_error);
    CHECK_THROWS_AS(table("a", {.delimiter = '"'}), xg::value_error);
}

TEST_CASE("what is a number, and what is none") {
    const auto number = [](const std::string& text) { return table("a;b\n" + text + ";1", {.delimiter = ';'}).column<double>("a")(0); };
    CHECK(number("1e3") == 1000);
    CHECK(number("+2.5") == 2.5);
    CHECK(number(" -.5 ") == -0.5);
    CHECK(number("3.") == 3);
    CHECK(number("\"4\"") == 4);
    CHECK(number("\" 4\"") == 4);
    CHECK(number("1e-400") == 0);
    CHECK(number("4.9e-324") == std::numeric_limits<double>::denorm_min());
    CHECK(number("-inf") == -std::numeric_limits<double>::infinity());
    CHECK(number("0.1") == 0.1);
    CHECK(table("a\n0.1\n1e-60\n16777217").column<float>("a")(0) == 0.1f);
    CHECK(std::isnan(number(" NA ")));
    for (const auto* const text : {"1,5", "0x10", "0X1p3", "1e400", "--1", "+-1", "1 2", "1e", "abc", "1.5.2", "1_000", "'1'", "\"1\"\"\"", "-", " \"5x", " \""})
        CHECK_MESSAGE(wrong([&] { number(text); }).find("line 2, column 1 (a)") != std::string::npos, text);
    CHECK(wrong([&] { number("1,5"); }) == "[read_csv] t.csv, line 2, column 1 (a): \"1,5\" is no float64; a decimal comma must be a point, and thousands have no separator");
    CHECK(wrong([&] { number("0x10"); }).ends_with("hexadecimal numbers are not read"));
    for (const auto* const text : {"1.0", "1e3", "0x10", "9223372036854775808", "", "NA", "1,5"})
        CHECK_THROWS_AS(table("a;b\n" + std::string{text} + ";1", {.delimiter = ';'}).column<std::int64_t>("a"), xg::io_error);
    CHECK(table("a\n18446744073709551615").column<std::uint64_t>("a")(0) == std::numeric_limits<std::uint64_t>::max());
    CHECK_THROWS_AS(table("a\n-1").column<std::uint8_t>("a"), xg::io_error);
    const auto flags = table("a\ntrue\n0\nFALSE\n").column<bool>("a");
    CHECK(flags(0));
    CHECK_FALSE(flags(1));
    CHECK_FALSE(flags(2));
}

/// Decimals of all lengths, with and without sign and point; some of them with a letter somewhere.
std::string some_decimal(xg::generator& numbers) {
    const auto digits = [&](std::size_t count) {
        auto text = std::string{};
        for (auto i = std::size_t{0}; i < count; ++i) text += static_cast<char>('0' + numbers.below(10));
        return text;
    };
    auto text = numbers.below(2) == 0 ? std::string{} : std::string{"-"};
    text += digits(numbers.below(12));
    if (numbers.below(4) != 0) text += '.' + digits(numbers.below(14));
    if (!text.empty() && numbers.below(20) == 0) text[numbers.below(text.size())] = "x/:.-e \xb1"[numbers.below(8)];
    return text;
}

template <class T>
void check_like_from_chars() {
    auto numbers = xg::generator{1};
    auto quick = 0;
    for (auto i = 0; i < 200000; ++i) {
        const auto field = some_decimal(numbers), behind = field + "12345678";
        auto expected = T{}, found = T{};
        const auto [end, status] = std::from_chars(field.data(), field.data() + field.size(), expected);
        if (!data::detail::parse_plain(std::string_view{behind}.substr(0, field.size()), found)) continue;
        ++quick;
        const auto same = status == std::errc{} && end == field.data() + field.size() && found == expected && std::signbit(found) == std::signbit(expected);
        if (!same) CHECK_MESSAGE(same, field);
    }
    CHECK(quick > 10000);
}

TEST_CASE("numbers of few digits, read eight at a time, are those that std::from_chars reads") {
    check_like_from_chars<double>();
    check_like_from_chars<float>();
}

TEST_CASE("of several wrong numbers the first is named, however many threads look") {
    auto text = std::string{"a,b\n"};
    for (auto i = 0; i < 50000; ++i) text += i == 20000 || i > 40000 ? "1,?\n" : "1,2\n";
    CHECK(wrong([&] { table(text).columns<float>({"a", "b"}); }) == "[read_csv] t.csv, line 20002, column 2 (b): \"?\" is no float32");
}
