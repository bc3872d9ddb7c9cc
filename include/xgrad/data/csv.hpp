// Tables in CSV files: columns by their names, as numbers, categories or text.
#pragma once

#include <xgrad/autograd/record.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/lists.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/data/csv_fields.hpp>
#include <xgrad/data/file_text.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::data {

struct csv_options {
    char delimiter = ',';
    char quote = '"';
    bool header = true;   ///< whether the first row names the columns; else they are called "0", "1", ...
    /// What stands for no value, numbers ("-999") too; blanks about it do not matter.
    std::vector<std::string> missing{"", "NA", "N/A", "NaN", "nan", "null", "NULL"};
};

/// Classes of a column: y: (n), -1 where the value is missing, and the name of each class.
struct csv_categories {
    tensor<std::int64_t, 1> codes;
    std::vector<std::string> names;
};

/// A table that was read, as text; a column becomes numbers when it is asked for.
class csv_table {
public:
    /// See `read_csv`.
    XGRAD_COLD csv_table(std::string path, csv_options options)
        : m_path{std::move(path)}, m_options{std::move(options)} {
        if (m_options.delimiter == m_options.quote || m_options.delimiter == '\n' || m_options.delimiter == '\r')
            xgrad::fail<value_error>("read_csv", "the delimiter must be neither the quote nor the end of a line");
        m_text = detail::read_text("read_csv", m_path);
        find_fields();
    }

    /// The number of rows, without the header.
    std::size_t size() const noexcept { return m_rows.size(); }
    const std::vector<std::string>& names() const noexcept { return m_names; }

    /// A column of numbers: (n). A missing value is NaN; beside integers it is an error. What is no number, all of it,
    /// is an `io_error` that names line and column: so are a decimal comma, a hexadecimal, 1.0 as an integer, and what
    /// does not fit a T. `bool` takes 0, 1, true, false.
    template <element T>
    tensor<T, 1> column(const std::string& name) const {
        auto numbers = read_numbers<T>(shape{size()}, {find(name)});
        return xgrad::detail::with_rank<1>(std::move(numbers));
    }
    /// Several columns side by side, in that order: (n, columns).
    template <element T>
    tensor<T, 2> columns(const std::vector<std::string>& names) const {
        auto at = std::vector<std::size_t>{};
        for (const auto& name : names) at.push_back(find(name));
        return xgrad::detail::with_rank<2>(read_numbers<T>(shape{size(), at.size()}, at));
    }

    /// A column as it stands there, without its quotes.
    XGRAD_ON_DEMAND std::vector<std::string> text(const std::string& name) const {
        const auto at = find(name);
        auto all = std::vector<std::string>{};
        for (auto row = std::size_t{0}; row < size(); ++row) all.push_back(value(row, at));
        return all;
    }

    /// A column of classes, numbered in the order of their names. Those of another table, which a model was taught
    /// with, may be given: another value is an `io_error`, then.
    XGRAD_ON_DEMAND csv_categories categories(const std::string& name, std::vector<std::string> known = {}) const {
        const auto at = find(name);
        const auto values = text(name);
        const auto given = !known.empty();
        if (!given) {
            for (const auto& each : values)
                if (!is_missing(each)) known.push_back(each);
            std::sort(known.begin(), known.end());
            known.erase(std::unique(known.begin(), known.end()), known.end());
        }
        auto codes = xgrad::detail::make_result<std::int64_t>({size()});
        auto* const to = xgrad::detail::access::elements(codes);
        for (auto row = std::size_t{0}; row < size(); ++row) {
            const auto found = given ? std::find(known.begin(), known.end(), values[row])
                                     : std::lower_bound(known.begin(), known.end(), values[row]);
            const auto missing = is_missing(values[row]);
            if (!missing && found == known.end()) fail_at(row, at, " is none of the known categories");
            to[row] = missing ? -1 : found - known.begin();
        }
        return {xgrad::detail::with_rank<1>(std::move(codes)), std::move(known)};
    }

    /// Where a column has no value: (n).
    XGRAD_ON_DEMAND tensor<bool, 1> missing(const std::string& name) const {
        const auto at = find(name);
        auto mask = xgrad::detail::make_result<bool>({size()});
        for (auto row = std::size_t{0}; row < size(); ++row)
            xgrad::detail::access::elements(mask)[row] = is_missing(value(row, at));
        return xgrad::detail::with_rank<1>(std::move(mask));
    }

    /// The table without those rows in which one of the columns has no value; of all columns, where none is named.
    XGRAD_ON_DEMAND csv_table without_missing(const std::vector<std::string>& names = {}) const {
        auto at = std::vector<std::size_t>{};
        for (const auto& name : names) at.push_back(find(name));
        for (auto i = std::size_t{0}; names.empty() && i < m_names.size(); ++i) at.push_back(i);
        auto rest = *this;
        rest.m_rows.clear();
        rest.m_ends.clear();
        for (auto row = std::size_t{0}; row < size(); ++row) {
            if (std::any_of(at.begin(), at.end(), [&](auto c) { return is_missing(value(row, c)); })) continue;
            rest.m_rows.push_back(m_rows[row]);
            const auto* const ends = m_ends.data() + row * m_names.size();
            rest.m_ends.insert(rest.m_ends.end(), ends, ends + m_names.size());
        }
        return rest;
    }

private:
    std::string_view field(std::size_t row, std::size_t at) const {
        const auto* const ends = m_ends.data() + row * m_names.size();
        const auto begin = at == 0 ? 0 : ends[at - 1] + 1;
        return m_text.view().substr(m_rows[row] + begin, ends[at] - begin);
    }
    std::string value(std::size_t row, std::size_t at) const {
        return detail::unquoted(field(row, at), m_options.quote);
    }
    XGRAD_ON_DEMAND bool is_missing(std::string_view value) const {
        return lists::contains(m_options.missing, detail::trimmed(value));
    }

    XGRAD_ON_DEMAND std::size_t find(const std::string& name) const {
        const auto found = lists::find(m_names, name);
        if (found == m_names.end()) xgrad::fail<value_error>("read_csv", m_path, " has no column ", name);
        if (std::find(found + 1, m_names.end(), name) != m_names.end())
            xgrad::fail<value_error>("read_csv", m_path, " has more than one column ", name);
        return static_cast<std::size_t>(found - m_names.begin());
    }

    template <class... Pieces>
    [[noreturn]] XGRAD_COLD void fail_in_line(const char* at, const Pieces&... pieces) const {
        const auto line = detail::line_of(m_text.view(), static_cast<std::size_t>(at - m_text.bytes.get()));
        xgrad::fail<io_error>("read_csv", m_path, ", line ", line, pieces...);
    }
    template <class = void>
    [[noreturn]] XGRAD_COLD void fail_at(std::size_t row, std::size_t at, std::string_view what) const {
        fail_in_line(field(row, at).data(), ", column ", at + 1, " (", m_names[at], "): \"", value(row, at), "\"",
                     what);
    }

    /// Notes the end of each field of the row that begins at `at`, and gives back its own end.
    const char* find_ends(const char* at, const char* end, std::vector<std::uint32_t>& ends) const {
        const auto* const row = at;
        while (true) {
            const auto* const stop = detail::end_of_field(at, end, m_options.delimiter, m_options.quote);
            if (stop == nullptr)
                fail_in_line(at,
                             ": a quote is not closed, or something stands behind it (within quotes, write it twice)");
            if (stop - row > std::numeric_limits<std::uint32_t>::max()) fail_in_line(row, ": a row is too long");
            ends.push_back(static_cast<std::uint32_t>(stop - row));
            if (stop == end || *stop != m_options.delimiter) return stop;
            at = stop + 1;
        }
    }

    void find_fields() {
        const auto* at = m_text.bytes.get();
        const auto* const end = at + m_text.size;
        while (at != end) {
            const auto* const blank_end = detail::find_stop(at, end, m_options.delimiter);
            const auto blank = (blank_end == end || *blank_end != m_options.delimiter) &&
                               detail::trimmed({at, static_cast<std::size_t>(blank_end - at)}).empty();
            if (blank) {
                at = detail::next_line(blank_end, end);
                continue;
            }
            const auto before = m_ends.size();
            const auto* const stop = find_ends(at, end, m_ends);
            const auto fields = m_ends.size() - before;
            m_rows.push_back(static_cast<std::size_t>(at - m_text.bytes.get()));
            if (m_names.empty()) begin_table(fields, static_cast<std::size_t>(stop - at));
            else if (fields != m_names.size())
                fail_in_line(at, ": ", fields, " fields; there are ", m_names.size(), " columns");
            at = detail::next_line(stop, end);
        }
        if (m_names.empty()) xgrad::fail<io_error>("read_csv", m_path, ": is empty");
    }

    /// After the first row.
    void begin_table(std::size_t fields, std::size_t bytes) {
        m_names.resize(fields);
        for (auto i = std::size_t{0}; i < fields; ++i)
            m_names[i] = m_options.header ? std::string{detail::trimmed(value(0, i))} : std::to_string(i);
        if (m_options.header) {
            m_rows.clear();
            m_ends.clear();
        }
        const auto rows = m_text.size / (bytes + 1) + 1;
        m_rows.reserve(rows);
        m_ends.reserve(rows * fields);
    }

    /// Whether a number stands for no value: only then is each looked up before it is read.
    template <element T>
    bool has_missing_numbers() const {
        return std::any_of(m_options.missing.begin(), m_options.missing.end(), [](const auto& each) {
            auto number = T{};
            return detail::parse_number(each, number) && !std::isnan(static_cast<double>(number));
        });
    }

    template <element T>
    bool read_number(std::size_t row, std::size_t at, bool missing_numbers, T& to) const {
        auto raw = field(row, at);
        if constexpr (real<T>)
            if (!missing_numbers && detail::parse_plain(raw, to)) return true;
        raw = detail::trimmed(raw);
        if (raw.size() > 1 && raw.front() == m_options.quote && raw.back() == m_options.quote)
            raw = detail::trimmed(raw.substr(1, raw.size() - 2));
        if (!(missing_numbers && is_missing(raw)) && detail::parse_number(raw, to)) return true;
        if constexpr (real<T>) {
            to = std::numeric_limits<T>::quiet_NaN();
            return is_missing(raw);
        } else {
            return false;
        }
    }

    template <element T>
    tensor<T> read_numbers(const shape& sizes, const std::vector<std::size_t>& at) const {
        auto result = xgrad::detail::make_result<T>(sizes);
        auto* const to = xgrad::detail::access::elements(result);
        const auto missing_numbers = has_missing_numbers<T>();
        constexpr auto none = std::numeric_limits<std::size_t>::max();
        auto wrong = std::atomic<std::size_t>{none};   // the first element that is none
        parallel_for(size(), 4096, [&](std::size_t begin, std::size_t end) {
            auto i = begin * at.size();
            for (auto row = begin; row < end; ++row)
                for (const auto column : at) {
                    if (!read_number(row, column, missing_numbers, to[i])) {
                        auto first = wrong.load();
                        while (i < first && !wrong.compare_exchange_weak(first, i)) {}
                        return;
                    }
                    ++i;
                }
        });
        if (wrong != none) fail_number<T>(wrong / at.size(), at[wrong % at.size()]);
        return result;
    }

    template <element T>
    [[noreturn]] XGRAD_COLD void fail_number(std::size_t row, std::size_t at) const {
        const auto text = value(row, at);
        const auto type = std::string{dtype_name<T>()};
        if (is_missing(text)) fail_at(row, at, " is missing, which " + type + " cannot say; a float is NaN then");
        auto hint = std::string{};
        if (text.find(',') != text.npos) hint = "; a decimal comma must be a point, and thousands have no separator";
        if (text.find("0x") != text.npos || text.find("0X") != text.npos) hint = "; hexadecimal numbers are not read";
        fail_at(row, at, " is no " + type + hint);
    }

    std::string m_path;
    csv_options m_options;
    detail::file_text m_text;
    std::vector<std::string> m_names;
    std::vector<std::size_t> m_rows;      // where each row begins
    std::vector<std::uint32_t> m_ends;    // of each field, from the beginning of its row
};

/// Reads a table: `data::read_csv("penguins.csv").without_missing().columns<float>({"bill_length_mm", "body_mass_g"})`.
/// The file is UTF-8, with or without a byte order mark; lines end with \n, \r\n or \r, and empty ones are left out. A
/// field in quotes may hold delimiters, ends of lines, and quotes written twice. Throws `io_error`, with the line, for
/// a row with more or fewer fields than there are columns, and for a quote that is not closed.
inline csv_table read_csv(const std::string& path, csv_options options = {}) {
    return csv_table{path, std::move(options)};
}

}  // namespace xgrad::data
