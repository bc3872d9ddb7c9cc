// What a run has measured: numbers with names, epoch by epoch, and its log as a CSV file.
#pragma once

#include <xgrad/autograd/parameter.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/file.hpp>
#include <xgrad/core/text.hpp>
#include <xgrad/train/append_file.hpp>
#include <xgrad/train/named_value.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::train {

/// The curves of a run: `log.add(epoch, {{"train loss", a}, {"test loss", b}})`. A name that comes later, or is left
/// out, has NaN at the other steps.
class history {
public:
    XGRAD_ON_DEMAND void add(double step, const named_values& values) {
        m_steps.push_back(step);
        for (auto& each : m_curves) each.push_back(none);
        for (const auto& [name, value] : values) {
            const auto at = static_cast<std::size_t>(std::find(m_names.begin(), m_names.end(), name) - m_names.begin());
            if (at == m_names.size()) {
                m_names.push_back(name);
                m_curves.emplace_back(m_steps.size(), none);
            }
            m_curves[at].back() = value;
        }
    }

    std::size_t size() const noexcept { return m_steps.size(); }
    const std::vector<std::string>& names() const noexcept { return m_names; }
    const std::vector<double>& steps() const noexcept { return m_steps; }
    /// Throws `value_error` for a name that there is not.
    XGRAD_ON_DEMAND const std::vector<double>& operator[](std::string_view name) const {
        const auto found = std::find(m_names.begin(), m_names.end(), name);
        if (found == m_names.end()) fail<value_error>("history", "there is no ", name);
        return m_curves[static_cast<std::size_t>(found - m_names.begin())];
    }

    /// For `save_run`.
    XGRAD_ON_DEMAND parameter_list<double> state() const {
        const auto as_tensor = [](const std::vector<double>& values) { return tensor<double>{values, {values.size()}}; };
        auto list = parameter_list<double>{{"steps", as_tensor(m_steps)}};
        for (auto i = std::size_t{0}; i < m_names.size(); ++i) list.push_back({std::string{curve} + m_names[i], as_tensor(m_curves[i])});
        return list;
    }
    /// Throws `value_error` for another list.
    template <class Named>
    void load_state(const Named& named) {
        auto read = history{};
        auto has_steps = false;
        for (const auto& [name, value] : named) {
            auto values = std::vector<double>(value.begin(), value.end());
            if (name == "steps") {
                read.m_steps = std::move(values);
                has_steps = true;
            } else if (name.starts_with(curve)) {
                read.m_names.push_back(name.substr(curve.size()));
                read.m_curves.push_back(std::move(values));
            } else {
                fail<value_error>("load_state", name, " is no state of a history");
            }
        }
        if (!has_steps) fail<value_error>("load_state", "steps are missing");
        for (const auto& each : read.m_curves)
            if (each.size() != read.size()) fail<value_error>("load_state", "a curve has ", each.size(), " values; there are ", read.size(), " steps");
        *this = std::move(read);
    }

private:
    static constexpr auto curve = std::string_view{"curve."};   // the beginning of a curve's name in the state
    static constexpr auto none = std::numeric_limits<double>::quiet_NaN();

    std::vector<std::string> m_names;
    std::vector<double> m_steps;
    std::vector<std::vector<double>> m_curves;
};

namespace detail {

/// A field of a CSV file, in quotes where it needs them.
XGRAD_ON_DEMAND std::string csv_field(const std::string& text) {
    if (text.find_first_of(",\"\r\n") == text.npos) return text;
    auto quoted = std::string{'"'};
    for (const auto c : text) quoted += c == '"' ? std::string(2, '"') : std::string(1, c);
    return quoted += '"';
}

}  // namespace detail

/// A log with a row for each step, written as it comes: what is there stays there should the program end. The first row
/// names the columns, and they are those of the first `add`. NaN is an empty field.
class csv_log {
public:
    /// Begins the file anew, or with `append` goes on after what is there. Throws `io_error`.
    XGRAD_ON_DEMAND XGRAD_COLD explicit csv_log(const std::string& path, bool append = false) {
        if (append && xgrad::detail::input_file::exists(path)) {
            auto file = xgrad::detail::input_file{"csv_log", path};
            m_begun = file.size() != 0;
            auto last = '\n';
            if (m_begun) file.seek(file.size() - 1), file.read(&last, 1);
            m_line_is_cut = last != '\n';
        }
        if (!m_file.open(path, append ? "ab" : "wb")) m_file.fail();
    }

    /// Throws `value_error` when the names are others than those of the first row that this log has written.
    XGRAD_ON_DEMAND void add(double step, const named_values& values) {
        auto names = std::string{"step"}, row = xgrad::detail::joined_text(step);
        for (const auto& [name, value] : values) {
            names += ',' + detail::csv_field(name);
            row += ',';
            if (!std::isnan(value)) xgrad::detail::append_text(row, value);
        }
        if (m_names.empty()) {
            if (!m_begun) row.insert(0, names + '\n');
            m_names = names;
        } else if (names != m_names) {
            fail<value_error>("csv_log", m_file.path(), ": the columns are ", m_names, ", and not ", names);
        }
        row += '\n';
        if (std::exchange(m_line_is_cut, false)) row.insert(0, 1, '\n');
        m_file.append(row);
    }

private:
    std::string m_names;
    bool m_begun = false, m_line_is_cut = false;   // where the program was ended in the middle of one
    detail::append_file m_file{"csv_log"};
};

}  // namespace xgrad::train
