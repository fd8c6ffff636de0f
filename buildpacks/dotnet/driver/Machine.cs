using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;

namespace Rfsn
{
    /// <summary>What /proc says of the processes that this one started, and the end of them.</summary>
    internal static class Machine
    {
        private const int SetDumpable = 4;
        private const int SetChildSubreaper = 36;
        private const int Kill = 9;
        private const double Ticks = 100; // a second: the same on all Linux systems
        private static readonly int Own = System.Diagnostics.Process.GetCurrentProcess().Id;

        private sealed class Entry
        {
            public int Id;
            public int Parent;
            public bool Alive;
            public double Seconds;
        }

        [DllImport("libc", EntryPoint = "prctl")]
        private static extern int Control(int option, UIntPtr first, UIntPtr second, UIntPtr third, UIntPtr fourth);

        [DllImport("libc", EntryPoint = "kill")]
        private static extern int Signal(int process, int signal);

        /// <summary>Nobody may look into this process, and whatever its children leave behind becomes a child of it.</summary>
        public static void Protect()
        {
            var none = UIntPtr.Zero;
            if (Control(SetDumpable, none, none, none, none) != 0 || Control(SetChildSubreaper, new UIntPtr(1), none, none, none) != 0)
            {
                throw new IOException("the driver cannot protect its own memory");
            }
        }

        /// <summary>The CPU time of all processes that this one started, and of those that they have waited for.</summary>
        public static double Seconds()
        {
            return Descendants().Sum(one => one.Seconds);
        }

        /// <summary>Ends the processes of tests alone: what started them still says what it knows.</summary>
        public static void EndHosts()
        {
            foreach (Entry one in Descendants().Where(one => one.Alive && CommandOf(one.Id).Contains("testhost")))
            {
                Signal(one.Id, Kill);
            }
        }

        /// <summary>Ends every process that this one started, whoever its parent was.</summary>
        public static void Sweep()
        {
            for (int tries = 0; tries < 200; tries++)
            {
                var left = Descendants().Where(one => one.Alive).ToList();
                if (left.Count == 0)
                {
                    return;
                }
                left.ForEach(one => Signal(one.Id, Kill));
                Thread.Sleep(2);
            }
        }

        private static List<Entry> Descendants()
        {
            var children = new Dictionary<int, List<Entry>>();
            foreach (string folder in Directory.GetDirectories("/proc"))
            {
                int id;
                Entry entry = int.TryParse(Path.GetFileName(folder), out id) ? Read(id) : null;
                if (entry != null)
                {
                    if (!children.ContainsKey(entry.Parent))
                    {
                        children[entry.Parent] = new List<Entry>();
                    }
                    children[entry.Parent].Add(entry);
                }
            }
            var found = new List<Entry>();
            var left = new Stack<int>(new[] { Own });
            while (left.Count > 0)
            {
                int parent = left.Pop();
                foreach (Entry child in children.ContainsKey(parent) ? children[parent] : new List<Entry>())
                {
                    found.Add(child);
                    left.Push(child.Id);
                }
            }
            return found;
        }

        private static Entry Read(int id)
        {
            try
            {
                string status = File.ReadAllText("/proc/" + id + "/stat", Encoding.GetEncoding("iso-8859-1"));
                int name = status.LastIndexOf(')');
                if (name < 0)
                {
                    return null; // it ended between opening and reading, which some runtimes read as an empty file
                }
                string[] fields = status.Substring(name + 2).Split(' ');
                double ticks = fields.Skip(11).Take(4).Sum(field => double.Parse(field, CultureInfo.InvariantCulture));
                bool alive = fields[0] != "Z" && fields[0] != "X";
                int parent = int.Parse(fields[1], CultureInfo.InvariantCulture);
                return new Entry { Id = id, Parent = parent, Alive = alive, Seconds = ticks / Ticks };
            }
            catch (IOException)
            {
                return null; // it has ended
            }
            catch (UnauthorizedAccessException)
            {
                return null;
            }
        }

        private static string CommandOf(int id)
        {
            try
            {
                return File.ReadAllText("/proc/" + id + "/cmdline");
            }
            catch (IOException)
            {
                return "";
            }
            catch (UnauthorizedAccessException)
            {
                return "";
            }
        }
    }
}
